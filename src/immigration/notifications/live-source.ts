import { sql } from '../../database/queries.js';
import type { LiveRow, NotificationSource } from '../../live/source.js';
import { type NotificationRow, notificationsFrom, shown } from './selectors.js';

const TABLE = sql`immigration_notification`;

/** The notifications that the live stream sends. */
export const liveNotifications: Omit<NotificationSource, 'importsLately'> = {
  highestId: () => sql<{ highest: number }>`SELECT coalesce(max(id), 0) AS highest FROM ${TABLE}`,

  arrived: (users, { floor, known }, most) => sql<LiveRow>`
    ${notificationsFrom(TABLE)}
    WHERE n.id > ${floor} AND n.assigned_to_id = ANY (${users}::bigint[]) AND n.id <> ALL (${known}::bigint[])
    ORDER BY n.id LIMIT ${most}`,

  missed: (user, after, late, most) => sql<LiveRow>`
    ${notificationsFrom(sql`(
      SELECT * FROM ${TABLE}
      WHERE assigned_to_id = ${user} AND (id > ${after} OR id = ANY (${late}::bigint[]))
      ORDER BY id DESC LIMIT ${most})`)}
    ORDER BY n.id`,

  unreadCounts: (users) => sql<{ user: number; unread: number }>`
    SELECT user_id AS "user", sum(n)::bigint AS unread FROM unread_count
    WHERE user_id = ANY (${users}::bigint[]) GROUP BY user_id`,

  readLately: (users, seconds) => sql<{ user: number; ids: number[] }>`
    SELECT assigned_to_id AS "user", array_agg(id ORDER BY id) AS ids FROM ${TABLE}
    WHERE assigned_to_id = ANY (${users}::bigint[]) AND read AND read_at > now() - make_interval(secs => ${seconds})
    GROUP BY assigned_to_id`,

  present: (row) => shown(row as NotificationRow),
};
