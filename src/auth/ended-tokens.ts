import { CHANNELS } from '../database/channels.js';
import { sql } from '../database/sql.js';
import type { Statement } from '../database/statement.js';
import type { TenantTransaction } from '../database/tenant-transaction.js';

// Access tokens are not stored, so they cannot be revoked one by one. All of a user's tokens issued before a moment are
// ended by a mark: a row among the refresh tokens, under a name that no token has, with the moment as its time of
// issue. It expires when the last of those tokens would have, and is cleaned up like any other.

const MARK = sql`issued-before-`;
/** Whether a row `o` is no token but a mark. */
export const IS_MARK = sql<boolean>`o.jti LIKE '${MARK}%'`;

/** SQL for the moment before which the access tokens of a user `u` are ended, in seconds since 1970; 0 where none are. */
export const TOKENS_FROM = sql<number>`coalesce((SELECT extract(epoch FROM o.created_at)::float8 FROM token_blacklist_outstandingtoken o
            WHERE o.jti = '${MARK}' || u.id), 0)`;

const LOCKS = {
  SHARE: sql`FOR SHARE`,
  'NO KEY UPDATE': sql`FOR NO KEY UPDATE`,
} as const;

/**
 * Returns the statement that locks a user's row; whatever ends or begins sessions does so first, so that none slips
 * through.
 */
export function lockAccount(id: number, strength: keyof typeof LOCKS): Statement {
  return sql`SELECT id FROM immigration_user WHERE id = ${id} ${LOCKS[strength]}`;
}

const revokeAll = (userId: number) => sql<{ ended: number }>`
  WITH ended AS (
    INSERT INTO token_blacklist_blacklistedtoken (token_id, blacklisted_at)
    SELECT o.id, now() FROM token_blacklist_outstandingtoken o
    WHERE o.user_id = ${userId} AND o.expires_at > now() AND NOT ${IS_MARK}
      AND NOT EXISTS (SELECT FROM token_blacklist_blacklistedtoken b WHERE b.token_id = o.id)
    ON CONFLICT (token_id) DO NOTHING
    RETURNING id)
  SELECT count(*)::integer AS ended FROM ended`;

// Tokens tell whole seconds: what was issued in the present one is ended too, also by a clock that is ahead of the
// database's. What is issued next is dated from the mark at the earliest.
const setMark = (userId: number, lifetime: number) => sql`
  WITH latest AS (
    SELECT max(o.created_at) AS issued FROM token_blacklist_outstandingtoken o WHERE o.user_id = ${userId}),
  mark AS (
    SELECT date_trunc('second', greatest(clock_timestamp(), issued)) + interval '1 second' AS at FROM latest)
  INSERT INTO token_blacklist_outstandingtoken (token, jti, user_id, created_at, expires_at)
  SELECT '', '${MARK}' || ${userId}::bigint, ${userId}::bigint, at, at + make_interval(secs => ${lifetime}) FROM mark
  ON CONFLICT (jti) DO UPDATE SET created_at = excluded.created_at, expires_at = excluded.expires_at`;

/**
 * Ends every session of a user whose row the caller has locked: refresh tokens are revoked, access tokens are rejected
 * from the next request on, in every process, and live streams end.
 * @param lifetime of access tokens, in seconds
 * @returns the number of revoked refresh tokens
 */
export async function endEverySession(
  transaction: TenantTransaction,
  userId: number,
  lifetime: number,
): Promise<number> {
  const revoking = transaction.query(revokeAll(userId));
  transaction.send(setMark(userId, lifetime));
  transaction.send(sql`SELECT pg_notify(${CHANNELS.access}, current_schema()::text)`);
  return (await revoking)[0]?.ended ?? 0;
}
