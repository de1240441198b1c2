import { type Static, Type } from '@sinclair/typebox';
import { allOf } from '../../database/conditions.js';
import { type Sql, sql } from '../../database/sql.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import type { PageOf, PageRequest } from '../../routing/pagination.js';
import { columnsOf, select } from '../shared/columns.js';
import { display } from '../shared/display.js';
import { named } from '../shared/names.js';
import { pageOf, pageRows } from '../shared/page-of.js';
import { NotificationOutput } from './schemas.js';

const { notification_type_display: _, ...rowFields } = NotificationOutput.properties;
const NotificationRow = Type.Object(rowFields);
/** A notification as the database returns it; `shown` turns it into the API's form. */
export type NotificationRow = Static<typeof NotificationRow>;

const COLUMNS = columnsOf('immigration_notification', NotificationRow, {
  assigned_to_name: named('person', 'assigned_to_id'),
  is_overdue: sql<boolean>`coalesce(r.due_date < now(), false)`,
});

/** Returns the query for notifications `r`. @param rest follows FROM: a source called `r`, WHERE and so on */
export function selectNotifications(rest: Sql): Sql<NotificationRow> {
  return select(COLUMNS, sql`FROM ${rest}`);
}

export function shown(row: NotificationRow): NotificationOutput {
  return { ...row, notification_type_display: display(row.notification_type) };
}

export interface NotificationFilters {
  readonly includeRead: boolean;
  readonly types?: readonly string[] | undefined;
}

const TABLE = sql`immigration_notification r`;

/** Returns a page of a user's notifications, newest first. */
export async function listNotifications(
  transaction: TenantTransaction,
  userId: number,
  filters: NotificationFilters,
  page: PageRequest,
): Promise<Pending<PageOf<NotificationOutput>>> {
  const asked = allOf([
    sql`r.assigned_to_id = ${userId}`,
    !filters.includeRead && sql`NOT r.read`,
    filters.types && sql`r.notification_type = ANY (${filters.types}::text[])`,
  ]);
  const counting = sql<{ count: number }>`SELECT count(*) AS count FROM ${TABLE} WHERE ${asked}`;
  const rows = pageRows(
    (rest) => selectNotifications(sql`${TABLE} ${rest}`),
    sql`immigration_notification`,
    asked,
    sql`r.created_at DESC, r.id DESC`,
  );
  const found = await pageOf(transaction, counting, rows, page);
  return found.map(({ count, items }) => ({ count, items: items.map(shown) }));
}

/** Returns the query for one of a user's notifications. */
export function notificationById(userId: number, id: number): Sql<NotificationRow> {
  return selectNotifications(sql`${TABLE} WHERE r.id = ${id} AND r.assigned_to_id = ${userId}`);
}

/** Returns a user's notifications that are past their due date and not completed, the earliest due first. */
export function overdueNotifications(userId: number): Sql<NotificationRow> {
  return selectNotifications(sql`
    ${TABLE} WHERE r.assigned_to_id = ${userId} AND r.due_date < now() AND NOT r.is_completed
    ORDER BY r.due_date, r.id`);
}

/** Returns how many notifications a user has not read, as the database's triggers keep it (0040_kept_counts.sql). */
export function unreadCount(userId: number): Sql<{ unread_count: number }> {
  return sql`SELECT coalesce(sum(n), 0)::bigint AS unread_count FROM unread_count WHERE user_id = ${userId}`;
}
