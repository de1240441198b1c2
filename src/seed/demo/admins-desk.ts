import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { insertEach, insertRows, type NewRow } from '../insert-rows.js';
import { DAY, date, HOUR, type OfficeCalendar, timestamp } from './calendar.js';
import { type PlannedTask, TEXTS } from './data.js';
import { type Activity, metadata } from './history.js';
import { taskNotice } from './notifications.js';
import type { StaffMember } from './offices.js';
import type { StoredStory } from './stories.js';

/**
 * Gives the agency's admin tasks, reminders and notifications, so that the page after the first log-in is not empty.
 * @returns the entries of these tasks on the clients' timelines
 */
export async function fillAdminsDesk(
  transaction: TenantTransaction,
  stories: readonly StoredStory[],
  admin: StaffMember,
  contentType: number,
  calendar: OfficeCalendar,
): Promise<Activity[]> {
  const known = calendar.now - 10 * DAY;
  const clients = stories.filter(
    ({ stage, archivedAt, createdAt }) => stage === 'CLIENT' && archivedAt === null && createdAt < known,
  );
  const planned = TEXTS.adminTasks.map((task, index) => {
    const story = clients[index % clients.length] as StoredStory;
    return {
      by: story.branch.staff[0] as StaffMember,
      row: taskOf(task, story, admin, contentType, calendar),
    };
  });
  const tasks = await insertEach(transaction, 'immigration_task', planned, ({ row }) => row);
  await insertRows(
    transaction,
    'immigration_reminder',
    TEXTS.adminReminders.map(({ title, days, time }, index) => ({
      title,
      reminder_date: date(calendar.now + days * DAY),
      reminder_time: time,
      content_type_id: contentType,
      object_id: (clients[index % clients.length] as StoredStory).id,
      created_by_id: admin.id,
      created_at: timestamp(calendar.now - DAY - index * HOUR),
      is_completed: false,
      notification_created: false,
      read: false,
    })),
  );
  const notices = tasks.flatMap(({ row, id }) => taskNotice(row, id, calendar));
  notices.sort((a, b) => a.created_at!.localeCompare(b.created_at!));
  await insertRows(transaction, 'immigration_notification', notices);
  return tasks.map(({ row, by, id }) => ({
    activity_type: 'TASK_CREATED',
    description: `Task "${row.title}" created`,
    metadata: metadata(row, by, { task_id: id }),
    created_at: row.created_at as string,
    client_id: row.object_id as number,
    performed_by_id: by.id,
  }));
}

function taskOf(
  { title, detail, priority, status, given, due }: PlannedTask,
  story: StoredStory,
  admin: StaffMember,
  contentType: number,
  calendar: OfficeCalendar,
): NewRow<'immigration_task'> {
  const by = story.branch.staff[0] as StaffMember;
  const created = timestamp(calendar.officeHours(calendar.now + given * DAY));
  return {
    title: title.replace('{first}', story.person.first),
    detail,
    priority,
    status,
    due_date: timestamp(Math.max(calendar.inDays(due), Date.parse(created) + HOUR)),
    tags: ['management'],
    comments: [],
    content_type_id: contentType,
    object_id: story.id,
    completed_at: null,
    assigned_by_id: by.id,
    assigned_to_id: admin.id,
    branch_id: null,
    created_by_id: by.id,
    updated_by_id: by.id,
    created_at: created,
    updated_at: created,
  };
}
