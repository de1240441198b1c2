import { sql } from '../database/sql.js';
import type { Statement } from '../database/statement.js';
import { IS_WHOLLY_ENDED, TOKENS_FROM } from './ended-tokens.js';
import type { ReadClaims } from './tokens.js';

/**
 * Returns the query for whether a token was ended before it expires: it alone, with its session, or with all of its
 * user's.
 */
export function standingOf(claims: ReadClaims, userId: number): Statement<{ isEnded: boolean }> {
  const { jti, sid, iat, token_type } = claims;
  return sql`
    SELECT EXISTS (SELECT FROM token_blacklist_blacklistedtoken b
                   JOIN token_blacklist_outstandingtoken o ON o.id = b.token_id WHERE o.jti = ${jti})
      OR EXISTS (SELECT FROM user_session s WHERE s.sid = ${sid ?? null} AND s.ended_at IS NOT NULL
                 AND (${IS_WHOLLY_ENDED} OR s.access_jti = ${jti}))
      OR (${token_type === 'access'}::boolean AND EXISTS (
          SELECT FROM immigration_user u WHERE u.id = ${userId} AND ${TOKENS_FROM} > ${iat ?? 0}::float8)) AS "isEnded"`;
}
