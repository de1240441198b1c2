import { sql } from '../../database/sql.js';
import type { LiveRow, NotificationSource } from '../../live/source.js';
import { type NotificationRow, selectNotifications, shown } from './selectors.js';

const TABLE = sql`immigration_notification`;

/** The queries of notifications for the live stream. */
export const liveNotifications: Omit<NotificationSource, 'importsLately'> = {
  highestId: () => sql<{ highest: number }>`SELECT coalesce(max(id), 0) AS highest FROM ${TABLE}`,

  newInWindow: (users, { floor, known }, most) =>
    selectNotifications(sql`
      ${TABLE} r
      WHERE r.id > ${floor} AND r.assigned_to_id = ANY (${users}::bigint[]) AND r.id <> ALL (${known}::bigint[])
      ORDER BY r.id LIMIT ${most}`),

  // Rows below `after` that its transaction, or the nearest existing one, could not see when it was written:
  // a client that was sent `after` may not have been sent these. Transactions with numbers that this server has not
  // given out yet came with a copy of another server's database.
  missed: (user, after, most) => sql<LiveRow>`
    WITH last_sent AS (
      SELECT id, inserted_xid AS xid, inserted_snapshot::pg_snapshot AS snapshot
      FROM ${TABLE} WHERE id <= ${after} ORDER BY id DESC LIMIT 1
    ), late AS MATERIALIZED (
      SELECT n.* FROM last_sent JOIN ${TABLE} n
        ON n.inserted_xid >= pg_snapshot_xmin(last_sent.snapshot)
          AND n.inserted_xid < pg_snapshot_xmax(pg_current_snapshot())
          AND NOT pg_visible_in_snapshot(n.inserted_xid, last_sent.snapshot)
          AND (n.inserted_xid <> last_sent.xid OR last_sent.id <> ${after})
      WHERE n.assigned_to_id = ${user} AND n.id < ${after}
    ), missed AS (
      (SELECT * FROM ${TABLE} WHERE assigned_to_id = ${user} AND id > ${after} ORDER BY id DESC LIMIT ${most})
      UNION ALL
      SELECT * FROM late
    )
    ${selectNotifications(sql`(SELECT * FROM missed ORDER BY id DESC LIMIT ${most}) r ORDER BY r.id`)}`,

  unreadCounts: (users) => sql<{ user: number; unread: number }>`
    SELECT user_id AS "user", sum(n)::bigint AS unread FROM unread_count
    WHERE user_id = ANY (${users}::bigint[]) GROUP BY user_id`,

  readLately: (users, seconds) => sql<{ user: number; ids: number[] }>`
    SELECT assigned_to_id AS "user", array_agg(id ORDER BY id) AS ids FROM ${TABLE}
    WHERE assigned_to_id = ANY (${users}::bigint[]) AND read AND read_at > now() - make_interval(secs => ${seconds})
    GROUP BY assigned_to_id`,

  present: (row) => shown(row as NotificationRow),
};
