import { allOf } from '../../database/conditions.js';
import { type RawBuilder, sql } from '../../database/queries.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import type { PageOf, PageRequest } from '../../routing/pagination.js';
import { display } from '../shared/display.js';
import { pageOf } from '../shared/page-of.js';
import { nameOf } from '../shared/people.js';
import type { NotificationOutput } from './schemas.js';

/** A notification as the database gives it; `shown` makes the API's form of it. */
export type NotificationRow = Omit<NotificationOutput, 'notification_type_display'>;

const COLUMNS = sql`
  n.id, n.notification_type, n.assigned_to_id AS assigned_to, ${nameOf('n.assigned_to_id')} AS assigned_to_name,
  n.title, n.message, n.due_date, n.meta_info, n.read, n.read_at, n.is_completed,
  coalesce(n.due_date < now(), false) AS is_overdue, n.created_at, n.updated_at`;

/** The notifications that `source` (a subquery, or a table's name) yields, as rows `n`. */
export function notificationsFrom(source: RawBuilder<unknown>): RawBuilder<NotificationRow> {
  return sql<NotificationRow>`SELECT ${COLUMNS} FROM ${source} n`;
}

export function shown(row: NotificationRow): NotificationOutput {
  return { ...row, notification_type_display: display(row.notification_type) };
}

export interface NotificationFilters {
  readonly includeRead: boolean;
  readonly types?: readonly string[] | undefined;
}

const TABLE = sql`immigration_notification`;

/** A page of a user's notifications, newest first. */
export async function listNotifications(
  transaction: TenantTransaction,
  userId: number,
  filters: NotificationFilters,
  page: PageRequest,
): Promise<PageOf<NotificationOutput>> {
  const asked = allOf([
    sql`n.assigned_to_id = ${userId}`,
    !filters.includeRead && sql`NOT n.read`,
    filters.types && sql`n.notification_type = ANY (${filters.types}::text[])`,
  ]);
  const counting = sql<{ count: number }>`SELECT count(*) AS count FROM ${TABLE} n WHERE ${asked}`;
  const rows = sql<NotificationRow>`${notificationsFrom(TABLE)} WHERE ${asked} ORDER BY n.created_at DESC, n.id DESC`;
  const { count, items } = await pageOf(transaction, counting, rows, page);
  return { count, items: items.map(shown) };
}

/** One of a user's notifications. */
export function notificationById(userId: number, id: number): RawBuilder<NotificationRow> {
  return sql<NotificationRow>`${notificationsFrom(TABLE)} WHERE n.id = ${id} AND n.assigned_to_id = ${userId}`;
}

/** A user's notifications that are past their due date and not completed, the earliest due first. */
export function overdueNotifications(userId: number): RawBuilder<NotificationRow> {
  return sql<NotificationRow>`
    ${notificationsFrom(TABLE)}
    WHERE n.assigned_to_id = ${userId} AND n.due_date < now() AND NOT n.is_completed
    ORDER BY n.due_date, n.id`;
}

/** How many notifications a user has not read, as the database's triggers keep it (0040_kept_counts.sql). */
export function unreadCount(userId: number): RawBuilder<{ unread_count: number }> {
  return sql`SELECT coalesce(sum(n), 0)::bigint AS unread_count FROM unread_count WHERE user_id = ${userId}`;
}
