import type { CurrentUser } from '../../auth/current-user.js';
import { type RawBuilder, sql } from '../../database/queries.js';
import { ANNOUNCED } from '../shared/announce.js';

// The notifications that tasks give at once. A new assignee by a plain change is notified by the event
// Task.assigned_to.UPDATE instead, which passes over those who claim a task.

const COLUMNS = sql`immigration_notification
  (notification_type, title, message, due_date, assigned_to_id, created_by_id, updated_by_id, meta_info)`;

/** An INSERT that notifies the assignee of each task in `tasks` (rows with their columns), where they are active. */
export function assigneesNotified(tasks: RawBuilder<unknown>, by: CurrentUser): RawBuilder<unknown> {
  return sql`
    INSERT INTO ${COLUMNS}
    SELECT 'TASK_ASSIGNED', 'Task assigned', format('Task "%s" has been assigned to you', t.title), t.due_date, u.id,
      ${by.id}::bigint, ${by.id}::bigint, jsonb_build_object('task_id', t.id, 'priority', t.priority)
    FROM ${tasks} t JOIN immigration_user u ON u.id = t.assigned_to_id AND u.is_active
    RETURNING assigned_to_id`;
}

/** An INSERT that notifies the users with these ids of a comment that mentions them. */
export function mentionsNotified(
  tasks: RawBuilder<unknown>,
  by: CurrentUser,
  comment: string,
  userIds: readonly number[],
): RawBuilder<unknown> {
  return sql`
    INSERT INTO ${COLUMNS}
    SELECT 'TASK_MENTIONED', 'You were mentioned in a comment',
      format('%s mentioned you in a comment on task "%s"', ${by.username}::text, t.title), t.due_date, u.id,
      ${by.id}::bigint, ${by.id}::bigint,
      jsonb_build_object('task_id', t.id, 'comment_text', ${comment}::text, 'mentioned_by', ${by.id}::bigint)
    FROM ${tasks} t JOIN immigration_user u ON u.id = ANY (${userIds}::bigint[]) AND u.is_active
    ORDER BY u.id
    RETURNING assigned_to_id`;
}

/** Tells the live streams of what a common table expression `made` returned; one value, for the list of a SELECT. */
export const ANNOUNCE_MADE = sql`(SELECT ${ANNOUNCED} FROM made)`;
