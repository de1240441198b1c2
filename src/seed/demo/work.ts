import type { JsonValue } from '../../database/generated/tables.js';
import { queries } from '../../database/queries.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { insertRows, type NewRow } from '../insert-rows.js';
import { DAY, date, HOUR, type OfficeCalendar, timestamp } from './calendar.js';
import { type Activity, metadata } from './history.js';
import type { StaffMember } from './offices.js';
import type { Random } from './random.js';
import type { StoredStory } from './stories.js';

type Task = NewRow<'immigration_task'>;

const TASKS: readonly (readonly [title: string, detail: string, tags: readonly string[]])[] = [
  [
    'Call {first} about the missing documents',
    'Transcripts and translations are still missing.',
    ['documents'],
  ],
  [
    'Check the financial evidence of {first}',
    'Three months of bank statements, in the sponsor’s name.',
    ['finance'],
  ],
  ['Prepare the service agreement for {first}', 'Standard terms, two instalments.', ['agreement']],
  [
    'Book the medical examination for {first}',
    'Send the referral letter and the address of the clinic.',
    ['health'],
  ],
  [
    'Review the statement of {first}',
    'Second version; mind the gap in the study history.',
    ['documents', 'review'],
  ],
  [
    'Lodge the application of {first}',
    'All documents are in the folder; pay from the trust account.',
    ['lodgement'],
  ],
  [
    'Follow up with {first} after the consultation',
    'Ask for a decision and the date of the English test.',
    ['follow-up'],
  ],
];
const COMMENTS = [
  'Left a message, will try again tomorrow.',
  'Received by e-mail, checking now.',
  'Done on my side.',
];

/** Stores staff's tasks, reminders, appointments and notifications; tells what the tasks leave on the timeline. */
export async function fillWork(
  transaction: TenantTransaction,
  stories: readonly StoredStory[],
  calendar: OfficeCalendar,
  random: Random,
): Promise<Activity[]> {
  const [clientType] = await transaction.query(
    queries
      .selectFrom('django_content_type')
      .select('id')
      .where('app_label', '=', 'immigration')
      .where('model', '=', 'client'),
  );
  const open = stories.filter(({ stage, archivedAt }) => archivedAt === null && stage !== 'CLOSE');
  const tasks = random
    .some(
      open.filter(({ stage }) => stage !== 'LEAD'),
      0.6,
    )
    .map((story) => makeTask(story, clientType!.id, calendar, random))
    .sort((a, b) => a.row.created_at!.localeCompare(b.row.created_at!));
  const taskIds = await insertRows(
    transaction,
    'immigration_task',
    tasks.map(({ row }) => row),
  );
  const reminders = random
    .some(open, 0.12)
    .map((story) => makeReminder(story, clientType!.id, calendar, random));
  await insertRows(transaction, 'immigration_reminder', reminders);
  const appointments = random.some(open, 0.15).map((story) => makeAppointment(story, calendar, random));
  await insertRows(transaction, 'immigration_calendar_event', appointments);
  const told = tasks.flatMap(({ row }, index) => taskNotice(row, taskIds[index]!, calendar));
  const notices = [...told, ...assignmentNotices(open, calendar)];
  notices.sort((a, b) => a.created_at!.localeCompare(b.created_at!));
  await insertRows(transaction, 'immigration_notification', notices);
  return tasks.map(({ row, by }, index) => ({
    activity_type: 'TASK_CREATED',
    description: `Task "${row.title}" created`,
    metadata: metadata(row, by, { task_id: taskIds[index]! }),
    created_at: row.created_at!,
    client_id: row.object_id!,
    performed_by_id: by.id,
  }));
}

const since = ({ changes, createdAt }: StoredStory) => changes.at(-1)?.at ?? createdAt;

function makeTask(
  story: StoredStory,
  contentType: number,
  calendar: OfficeCalendar,
  random: Random,
): { row: Task; by: StaffMember } {
  const [title, detail, tags] = random.pick(TASKS);
  const branchAdmin = story.branch.staff[0]!;
  const by = random.chance(0.4) ? branchAdmin : (story.consultant ?? branchAdmin);
  const forBranch = random.chance(0.12);
  const begun = Math.max(since(story), calendar.now - 40 * DAY);
  const createdAt = calendar.officeHours(begun + random.fraction() * (calendar.now - begun));
  const done = calendar.now - createdAt > 5 * DAY && random.chance(0.6);
  const due = done
    ? calendar.officeHours(createdAt + random.integer(2, 9) * DAY)
    : calendar.upcoming(random.integer(-4, 21));
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
    text: random.pick(COMMENTS),
    mentions: [],
    created_at: timestamp(Math.min(after + random.integer(1, 30) * HOUR, calendar.now)),
  };
}

function makeReminder(
  story: StoredStory,
  contentType: number,
  calendar: OfficeCalendar,
  random: Random,
): NewRow<'immigration_reminder'> {
  const days = random.integer(-20, 25);
  const past = days <= 0;
  return {
    title: random.pick([
      'Call back',
      'Ask for the test result',
      'Passport expires soon',
      'Second instalment is due',
    ]),
    reminder_date: date(calendar.now + days * DAY),
    reminder_time: random.chance(0.7) ? `${String(random.integer(9, 16)).padStart(2, '0')}:30:00` : null,
    content_type_id: contentType,
    object_id: story.id,
    created_by_id: (story.consultant ?? story.branch.staff[0]!).id,
    created_at: timestamp(Math.max(since(story), calendar.now - 25 * DAY)),
    // Those that are past were dealt with, so that no notices of them go out.
    is_completed: past,
    notification_created: past,
    read: past,
  };
}

function makeAppointment(
  story: StoredStory,
  calendar: OfficeCalendar,
  random: Random,
): NewRow<'immigration_calendar_event'> {
  const by = story.consultant ?? story.branch.staff[0]!;
  const start = Math.floor(calendar.upcoming(random.integer(-10, 14)) / (HOUR / 2)) * (HOUR / 2);
  const made = timestamp(Math.min(start - 2 * DAY, calendar.now - HOUR));
  return {
    title: `Consultation with ${story.person.first} ${story.person.last}`,
    description: story.row.description!,
    start: timestamp(start),
    end: timestamp(start + random.pick([0.5, 0.75, 1]) * HOUR),
    hex_color: random.pick(['#3788d8', '#2e9e5b', '#d88a37']),
    location: random.chance(0.7) ? story.branch.profile.name : 'Video call',
    assigned_to_id: by.id,
    branch_id: story.branch.id,
    created_by_id: by.id,
    updated_by_id: by.id,
    created_at: made,
    updated_at: made,
  };
}

/** What is older than this has been read. */
const UNREAD_DAYS = 4;

function taskNotice(
  row: Task,
  task_id: number,
  calendar: OfficeCalendar,
): NewRow<'immigration_notification'>[] {
  if (!row.assigned_to_id || row.assigned_to_id === row.created_by_id) return [];
  const meta_info = { task_id, priority: row.priority! };
  return [
    notice(calendar, row.assigned_to_id, Date.parse(row.created_at!), {
      notification_type: 'TASK_ASSIGNED',
      title: 'New task assigned',
      message: `You have been assigned the task "${row.title}"`,
      due_date: row.due_date!,
      meta_info,
    }),
  ];
}

function assignmentNotices(
  stories: readonly StoredStory[],
  calendar: OfficeCalendar,
): NewRow<'immigration_notification'>[] {
  return stories.flatMap(({ id, consultant, assignedAt, person, createdAt }) => {
    if (!consultant || calendar.now - createdAt > 30 * DAY) return [];
    return [
      notice(calendar, consultant.id, assignedAt, {
        notification_type: 'CLIENT_ASSIGNED',
        title: 'New client assigned',
        message: `${person.first} ${person.last} has been assigned to you`,
        due_date: null,
        meta_info: { entity_type: 'Client', entity_id: id, client_id: id },
      }),
    ];
  });
}

function notice(
  calendar: OfficeCalendar,
  assigned_to_id: number,
  at: number,
  content: NewRow<'immigration_notification'>,
): NewRow<'immigration_notification'> {
  const read = calendar.now - at > UNREAD_DAYS * DAY;
  const read_at = read ? timestamp(at + HOUR) : null;
  return {
    ...content,
    assigned_to_id,
    read,
    read_at,
    created_at: timestamp(at),
    updated_at: read_at ?? timestamp(at),
  };
}
