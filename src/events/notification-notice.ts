import { type Statement, statement } from '../database/statement.js';

/** The channel on which API processes hear of new notifications, to send them to their users' browsers. */
export const NOTIFICATIONS_CHANNEL = 'leopard_notifications';

/** A notice is limited to 8,000 bytes; this many ids stay below that. */
export const MOST_NAMED_USERS = 500;

/**
 * Tells every API process, when the transaction commits, that these users of a tenant have new notifications. To be
 * sent once per transaction: a transaction that notifies holds a lock over the whole server while it commits.
 */
export function newNotificationsNotice(schema: string, users: Iterable<number>): Statement {
  const ids = [...new Set(users)];
  const payload = JSON.stringify({ schema, users: ids.length <= MOST_NAMED_USERS ? ids : null });
  return statement(`SELECT pg_notify('${NOTIFICATIONS_CHANNEL}', $1)`, [payload]);
}
