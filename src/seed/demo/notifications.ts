import type { NewRow } from '../insert-rows.js';
import { DAY, HOUR, type OfficeCalendar, timestamp } from './calendar.js';
import type { StoredStory } from './stories.js';

type Notice = NewRow<'immigration_notification'>;

/** Number of days after which a notification has been read. */
const UNREAD_DAYS = 4;

/** Returns the notification of a task's assignee, unless they created it themselves. */
export function taskNotice(
  row: NewRow<'immigration_task'>,
  task_id: number,
  calendar: OfficeCalendar,
): Notice[] {
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

/** Returns the notifications of staff about clients assigned to them lately. */
export function assignmentNotices(stories: readonly StoredStory[], calendar: OfficeCalendar): Notice[] {
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

function notice(calendar: OfficeCalendar, assigned_to_id: number, at: number, content: Notice): Notice {
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
