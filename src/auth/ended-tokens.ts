import { CHANNELS } from '../database/channels.js';
import { sql } from '../database/sql.js';
import type { Statement } from '../database/statement.js';
import type { TenantTransaction } from '../database/tenant-transaction.js';

// Access tokens are not stored, so they cannot be revoked one by one. Those of one session are refused by its `sid`. All
// of a user's that were issued before a moment, also those without `sid`, are ended by a mark: a row among the refresh
// tokens, under a name that no token has, with the moment as its time of issue. It expires when the last of those tokens
// would have, and is cleaned up like any other.

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

/** The reason why a session ended before its time. */
export type SessionEnd =
  | 'log_out'
  | 'by_user'
  | 'by_admin'
  | 'refresh_reused'
  /** Used again within seconds: the access tokens issued before go on until they expire. */
  | 'refresh_repeated'
  | 'all_ended';

/** SQL for whether a session `s` ended with all of its tokens. */
export const IS_WHOLLY_ENDED = sql<boolean>`(s.ended_at IS NOT NULL AND s.end_reason <> 'refresh_repeated')`;

/** SQL for the sessions of a user `u` that ended so lately that their access tokens may still be used elsewhere. */
const ENDED_LATELY = sql`
  s.user_id = u.id AND s.ended_at IS NOT NULL AND s.access_until > now() - interval '1 hour'`;

/** The number of ended sessions that are kept in memory for a user; of one with more, the database is asked. */
export const KEPT_ENDED_SESSIONS = 200;

/**
 * SQL for the names of what must be refused of a user `u`: the `sid` of ended sessions, or the `jti` of one of their access
 * tokens; one more if there are too many.
 */
export const ENDED_SESSIONS = sql<string[]>`ARRAY(
    SELECT CASE WHEN ${IS_WHOLLY_ENDED} THEN s.sid ELSE s.access_jti END::text FROM user_session s WHERE ${ENDED_LATELY}
    ORDER BY s.access_until DESC LIMIT ${sql.lit(KEPT_ENDED_SESSIONS + 1)})`;

// Sessions come before tokens, as wherever both are locked. The mark ends their access tokens, so that nobody has to
// know them as ended.
const endSessions = (userId: number, reason: SessionEnd) => sql`
  UPDATE user_session SET ended_at = now(), end_reason = ${reason}, access_until = '-infinity'
  WHERE user_id = ${userId} AND ended_at IS NULL AND expires_at > now()`;

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
  transaction.send(endSessions(userId, 'all_ended'));
  const revoking = transaction.query(revokeAll(userId));
  transaction.send(setMark(userId, lifetime));
  transaction.send(sql`SELECT pg_notify(${CHANNELS.access}, current_schema()::text)`);
  return (await revoking)[0]?.ended ?? 0;
}
