import { sql } from '../../database/sql.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { insertEach, insertRows } from '../insert-rows.js';
import { fillAdminsDesk } from './admins-desk.js';
import { makeAppointment, makeReminder } from './appointments.js';
import type { OfficeCalendar } from './calendar.js';
import { type Activity, metadata } from './history.js';
import { assignmentNotices, taskNotice } from './notifications.js';
import type { StaffMember } from './offices.js';
import type { Random } from './random.js';
import type { StoredStory } from './stories.js';
import { makeTask } from './tasks.js';

/** Stores staff's tasks, reminders, appointments and notifications; returns the tasks' timeline entries. */
export async function fillWork(
  transaction: TenantTransaction,
  stories: readonly StoredStory[],
  admin: StaffMember,
  calendar: OfficeCalendar,
  random: Random,
): Promise<Activity[]> {
  const [clientType] = await transaction.query(sql<{ id: number }>`
    SELECT id FROM django_content_type WHERE app_label = 'immigration' AND model = 'client'`);
  const open = stories.filter(({ stage, archivedAt }) => archivedAt === null && stage !== 'CLOSE');
  const planned = random
    .some(
      open.filter(({ stage }) => stage !== 'LEAD'),
      0.6,
    )
    .map((story) => makeTask(story, clientType!.id, calendar, random))
    .sort((a, b) => a.row.created_at!.localeCompare(b.row.created_at!));
  const tasks = await insertEach(transaction, 'immigration_task', planned, ({ row }) => row);
  const reminders = random
    .some(open, 0.12)
    .map((story) => makeReminder(story, clientType!.id, calendar, random));
  await insertRows(transaction, 'immigration_reminder', reminders);
  const appointments = random.some(open, 0.15).map((story) => makeAppointment(story, calendar, random));
  await insertRows(transaction, 'immigration_calendar_event', appointments);
  const told = tasks.flatMap(({ row, id }) => taskNotice(row, id, calendar));
  const notices = [...told, ...assignmentNotices(open, calendar)];
  notices.sort((a, b) => a.created_at!.localeCompare(b.created_at!));
  await insertRows(transaction, 'immigration_notification', notices);
  const created = tasks.map(({ row, by, id }) => ({
    activity_type: 'TASK_CREATED',
    description: `Task "${row.title}" created`,
    metadata: metadata(row, by, { task_id: id }),
    created_at: row.created_at!,
    client_id: row.object_id!,
    performed_by_id: by.id,
  }));
  return [...created, ...(await fillAdminsDesk(transaction, stories, admin, clientType!.id, calendar))];
}
