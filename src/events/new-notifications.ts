import { CHANNELS, notice } from '../database/channels.js';
import { type Sql, sql } from '../database/sql.js';
import type { Statement } from '../database/statement.js';

/** New notifications: expressions over the rows of `from`, each of which is one notification. */
export interface NewNotifications {
  readonly type: Sql;
  readonly title: Sql;
  readonly message: Sql;
  readonly dueDate: Sql;
  /** The id of its recipient. */
  readonly user: Sql;
  readonly meta: Sql;
  /** The user who causes them; the system if not given. */
  readonly by?: number;
  /** The sources of the rows, with their conditions. */
  readonly from: Sql;
  readonly order: Sql;
}

/** Maximum length of a title, which is cut to it, in characters. */
const LONGEST_TITLE = 200;
/** Maximum number of ids in a notice, which is limited to 8,000 bytes. */
const MOST_NAMED_USERS = 500;

/**
 * Returns the INSERT that makes notifications: the only one that the program has. Who sends it announces them too,
 * with `ANNOUNCED` or `newNotificationsNotice`.
 * @param returning of the new rows
 */
export function insertingNotifications<Row = { assigned_to_id: number }>(
  { type, title, message, dueDate, user, meta, by, from, order }: NewNotifications,
  returning: Sql<Row> = sql`assigned_to_id`,
): Sql<Row> {
  return sql`
    INSERT INTO immigration_notification
      (notification_type, title, message, due_date, assigned_to_id, meta_info, created_by_id, updated_by_id)
    SELECT ${type}, CASE WHEN length(${title}) > ${sql.lit(LONGEST_TITLE)} THEN left(${title}, ${sql.lit(LONGEST_TITLE - 1)}) || '…' ELSE ${title} END,
      ${message}, ${dueDate}, ${user}, ${meta}, ${by ?? null}::bigint, ${by ?? null}::bigint
    FROM ${from} ORDER BY ${order} RETURNING ${returning}`;
}

/**
 * SQL that announces, at commit, the new rows of `immigration_notification` to the processes with live streams: an
 * expression over those rows, of which it needs `assigned_to_id`. Once per statement, and only when there are any.
 */
export const ANNOUNCED = sql`
  CASE WHEN count(*) > 0 THEN pg_notify(${sql.raw(`'${CHANNELS.notifications}'`)}, json_build_object(
    'schema', current_schema(),
    'users', CASE WHEN count(DISTINCT assigned_to_id) <= ${sql.lit(MOST_NAMED_USERS)} THEN json_agg(DISTINCT assigned_to_id) END
  )::text) END`;

/**
 * Returns the statement that announces, at commit, that these users of a tenant have new notifications. Send it once
 * per transaction: a transaction that notifies holds a lock over the whole server while it commits.
 */
export function newNotificationsNotice(schema: string, users: Iterable<number>): Statement {
  const ids = [...new Set(users)];
  return notice(CHANNELS.notifications, { schema, users: ids.length <= MOST_NAMED_USERS ? ids : null });
}
