import { CHANNELS, notice } from '../database/channels.js';
import type { Statement } from '../database/statement.js';

/** Maximum number of ids in a notice, which is limited to 8,000 bytes. */
export const MOST_NAMED_USERS = 500;

/**
 * Returns the statement that announces, at commit, that these users of a tenant have new notifications. Send it once
 * per transaction: a transaction that notifies holds a lock over the whole server while it commits.
 */
export function newNotificationsNotice(schema: string, users: Iterable<number>): Statement {
  const ids = [...new Set(users)];
  return notice(CHANNELS.notifications, { schema, users: ids.length <= MOST_NAMED_USERS ? ids : null });
}
