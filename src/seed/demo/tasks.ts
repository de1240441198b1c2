import type { JsonValue } from '../../database/generated/tables.js';
import type { NewRow } from '../insert-rows.js';
import { DAY, HOUR, type OfficeCalendar, timestamp } from './calendar.js';
import { TEXTS } from './data.js';
import type { StaffMember } from './offices.js';
import type { Random } from './random.js';
import { lastStep, type StoredStory } from './stories.js';

export interface DemoTask {
  readonly row: Task;
  readonly by: StaffMember;
}

type Task = NewRow<'immigration_task'>;

/** Returns a task for a client, most often for the client's consultant. */
export function makeTask(
  story: StoredStory,
  contentType: number,
  calendar: OfficeCalendar,
  random: Random,
): DemoTask {
  const { title, detail, tags } = random.pick(TEXTS.tasks);
  const branchAdmin = story.branch.staff[0]!;
  const by = random.chance(0.4) ? branchAdmin : (story.consultant ?? branchAdmin);
  const forBranch = random.chance(0.12);
  const begun = Math.max(lastStep(story), calendar.now - 40 * DAY);
  const createdAt = calendar.officeHours(begun + random.fraction() * (calendar.now - begun), begun);
  const done = calendar.now - createdAt > 5 * DAY && random.chance(0.6);
  const due = done
    ? calendar.officeHours(createdAt + random.integer(2, 9) * DAY)
    : Math.max(calendar.inDays(random.integer(-4, 21)), createdAt + DAY);
  const finished = done ? calendar.officeHours(createdAt + random.integer(1, 5) * DAY) : null;
  const status = done
    ? 'COMPLETED'
    : random.weighted([
        ['PENDING', 6],
        ['IN_PROGRESS', 4],
        ['CANCELLED', 1],
      ] as const);
  const row = {
    title: title.replace('{first}', story.person.first),
    detail,
    priority: random.weighted([
      ['LOW', 2],
      ['MEDIUM', 5],
      ['HIGH', 3],
      ['URGENT', 1],
    ] as const),
    status,
    due_date: timestamp(due),
    tags: [...tags],
    comments: random.chance(0.25) ? [comment(by, createdAt, calendar, random)] : [],
    content_type_id: contentType,
    object_id: story.id,
    completed_at: finished === null ? null : timestamp(finished),
    assigned_by_id: by.id,
    assigned_to_id: forBranch ? null : (story.consultant ?? branchAdmin).id,
    branch_id: forBranch ? story.branch.id : null,
    created_by_id: by.id,
    updated_by_id: by.id,
    created_at: timestamp(createdAt),
    updated_at: timestamp(finished ?? createdAt),
  };
  return { row, by };
}

function comment(by: StaffMember, after: number, calendar: OfficeCalendar, random: Random): JsonValue {
  return {
    user_id: by.id,
    username: by.username,
    full_name: by.fullName,
    text: random.pick(TEXTS.comments),
    mentions: [],
    created_at: timestamp(Math.min(after + random.integer(1, 30) * HOUR, calendar.now)),
  };
}
