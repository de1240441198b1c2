import { type Sql, sql } from '../database/sql.js';
import type { Statement } from '../database/statement.js';
import { IS_MARK, IS_WHOLLY_ENDED } from './ended-tokens.js';
import type { ReadClaims } from './tokens.js';

/** A session, as its tokens need it. */
export interface SessionRow {
  readonly id: number;
  readonly sid: string;
  readonly userId: number;
  /** In seconds since 1970. */
  readonly startedAt: number;
  readonly isEnded: boolean;
  /** Whether it ended with all of its tokens. */
  readonly isWhollyEnded: boolean;
  /** Ids of the present refresh token, and of the one before it; null where there was none. */
  readonly tokenId: number;
  readonly spentTokenId: number | null;
}

const COLUMNS = sql`
  s.id, s.sid, s.user_id AS "userId", extract(epoch FROM s.created_at)::float8 AS "startedAt",
  s.ended_at IS NOT NULL AS "isEnded", ${IS_WHOLLY_ENDED} AS "isWhollyEnded", s.token_id AS "tokenId",
  s.spent_token_id AS "spentTokenId"`;

/**
 * Returns the query that finds and locks the session of a refresh token. Lock the user's row before, the rows of tokens
 * after it. A token without `sid` began the session that has its row's id, if it was exchanged already.
 */
export function lockSessionOf({ sid, jti }: ReadClaims): Statement<SessionRow> {
  if (typeof sid === 'string') {
    return sql`SELECT ${COLUMNS} FROM user_session s WHERE s.sid = ${sid} FOR UPDATE`;
  }
  return sql`
    SELECT ${COLUMNS} FROM user_session s
    WHERE s.id = (SELECT o.id FROM token_blacklist_outstandingtoken o WHERE o.jti = ${jti}) FOR UPDATE`;
}

/**
 * Returns the condition that a token `o` stands for an open session of the user: a refresh token that can still be
 * exchanged.
 */
export function isOpenSession(userId: number): Sql<boolean> {
  return sql`o.user_id = ${userId} AND o.expires_at > now() AND NOT ${IS_MARK} AND NOT EXISTS (
    SELECT FROM token_blacklist_blacklistedtoken b WHERE b.token_id = o.id)`;
}

/**
 * Returns the query that finds and locks an open session of a user by its id. A refresh token from before there were
 * sessions gets the row of its own then.
 */
export function lockOpenSession(userId: number, id: number): Statement<SessionRow> {
  return sql`
    WITH found AS (
      SELECT o.id AS token, s.id AS session FROM token_blacklist_outstandingtoken o
      LEFT JOIN user_session s ON s.token_id = o.id
      WHERE ${isOpenSession(userId)} AND coalesce(s.id, o.id) = ${id}),
    made AS (${newRowOf(sql`SELECT token FROM found WHERE session IS NULL`)})
    SELECT ${COLUMNS} FROM made s
    UNION ALL
    SELECT * FROM (SELECT ${COLUMNS} FROM user_session s
                   WHERE s.id IN (SELECT session FROM found) AND s.ended_at IS NULL FOR UPDATE) locked`;
}

/** Returns the statement that gives a session to the refresh token of this row, which has none. */
export function adoptToken(tokenId: number): Statement<SessionRow> {
  return sql`WITH made AS (${newRowOf(sql`SELECT ${tokenId}::bigint AS token`)}) SELECT ${COLUMNS} FROM made s`;
}

function newRowOf(tokens: Sql): Sql {
  return sql`
    INSERT INTO user_session (id, sid, user_id, token_id, created_at, last_used_at, expires_at, access_until)
    SELECT o.id, replace(gen_random_uuid()::text, '-', ''), o.user_id, o.id, coalesce(o.created_at, now()),
           coalesce(o.created_at, now()), o.expires_at, now()
    FROM token_blacklist_outstandingtoken o WHERE o.id IN (${tokens}) AND o.user_id IS NOT NULL
    ON CONFLICT (id) DO NOTHING RETURNING *`;
}
