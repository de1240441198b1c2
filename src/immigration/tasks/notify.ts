import type { CurrentUser } from '../../auth/current-user.js';
import { type Sql, sql } from '../../database/sql.js';
import { ANNOUNCED, insertingNotifications } from '../../events/new-notifications.js';
import { isLongerThan } from '../../http/fields/bounds.js';

// The notifications that tasks create directly. The new assignee of an ordinary change is notified by the event
// Task.assigned_to.UPDATE instead, which ignores claims.

/**
 * Returns an INSERT that notifies the assignee of each task in `tasks` (rows with their columns), where they are
 * active.
 */
export function assigneesNotified(tasks: Sql, by: CurrentUser): Sql {
  return insertingNotifications({
    type: sql`'TASK_ASSIGNED'`,
    title: sql`'Task assigned'`,
    message: sql`format('Task "%s" has been assigned to you', t.title)`,
    dueDate: sql`t.due_date`,
    user: sql`u.id`,
    meta: sql`jsonb_build_object('task_id', t.id, 'priority', t.priority)`,
    by: by.id,
    from: sql`${tasks} t JOIN immigration_user u ON u.id = t.assigned_to_id AND u.is_active`,
    order: sql`t.id`,
  });
}

/** Maximum number of characters of a comment that notifications of it repeat. */
const LONGEST_QUOTE = 500;

/** Returns an INSERT that notifies the users with these ids of a comment that mentions them. */
export function mentionsNotified(
  tasks: Sql,
  by: CurrentUser,
  comment: string,
  userIds: readonly number[],
): Sql {
  return insertingNotifications({
    type: sql`'TASK_MENTIONED'`,
    title: sql`'You were mentioned in a comment'`,
    message: sql`format('%s mentioned you in a comment on task "%s"', ${by.username}::text, t.title)`,
    dueDate: sql`t.due_date`,
    user: sql`u.id`,
    meta: sql`jsonb_build_object('task_id', t.id, 'comment_text', ${beginningOf(comment)}::text, 'mentioned_by', ${by.id}::bigint)`,
    by: by.id,
    from: sql`${tasks} t JOIN immigration_user u ON u.id = ANY (${userIds}::bigint[]) AND u.is_active`,
    order: sql`u.id`,
  });
}

/**
 * SQL that announces to the live streams what a common table expression `made` returned; one value, for the list of a
 * SELECT.
 */
export const ANNOUNCE_MADE = sql`(SELECT ${ANNOUNCED} FROM made)`;

/** Returns the beginning of a comment, with "…" where something follows. */
function beginningOf(comment: string): string {
  if (!isLongerThan(comment, LONGEST_QUOTE)) return comment;
  return `${[...comment].slice(0, LONGEST_QUOTE - 1).join('')}…`;
}
