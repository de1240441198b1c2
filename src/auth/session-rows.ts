import { sql } from '../database/sql.js';
import type { Statement } from '../database/statement.js';
import type { ReadClaims } from './tokens.js';

/** A session, as its tokens need it; times in seconds since 1970. */
export interface SessionRow {
  readonly id: number;
  readonly sid: string;
  readonly startedAt: number;
  readonly isEnded: boolean;
}

const COLUMNS = sql`
  s.id, s.sid, extract(epoch FROM s.created_at)::float8 AS "startedAt", s.ended_at IS NOT NULL AS "isEnded"`;

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
