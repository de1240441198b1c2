import { type Statement, statement } from '../database/statement.js';

/** The channel that announces new notifications to API processes, which send them to their users' browsers. */
export const NOTIFICATIONS_CHANNEL = 'leopard_notifications';

/** Maximum number of ids in a notice, which is limited to 8,000 bytes. */
export const MOST_NAMED_USERS = 500;

/**
 * Returns the statement that announces, at commit, that these users of a tenant have new notifications. Send it once
 * per transaction: a transaction that notifies holds a lock over the whole server while it commits.
 */
export function newNotificationsNotice(schema: string, users: Iterable<number>): Statement {
  const ids = [...new Set(users)];
  const payload = JSON.stringify({ schema, users: ids.length <= MOST_NAMED_USERS ? ids : null });
  return statement(`SELECT pg_notify('${NOTIFICATIONS_CHANNEL}', $1)`, [payload]);
}
