import { IS_WHOLLY_ENDED, TOKENS_FROM } from '../auth/ended-tokens.js';
import { TENANT_IS_ACTIVE } from '../database/served-tenants.js';
import { sql } from '../database/sql.js';
import type { Statement } from '../database/statement.js';

/** A user who may still listen, but not with tokens issued before `tokensFrom` or of ended sessions. */
export interface EntitledUser {
  readonly id: number;
  readonly tokensFrom: number;
  readonly endedSessions: readonly string[];
}

/**
 * Returns the query for those of these users who may still listen: existing and active.
 * @param sids the sessions of their streams
 */
export function activeUsers(users: readonly number[], sids: readonly string[]): Statement<EntitledUser> {
  return sql`
    SELECT u.id, ${TOKENS_FROM} AS "tokensFrom",
      ARRAY(SELECT s.sid::text FROM user_session s
            WHERE s.sid = ANY (${sids}::text[]) AND s.user_id = u.id AND ${IS_WHOLLY_ENDED}) AS "endedSessions"
    FROM immigration_user u WHERE u.id = ANY (${users}::bigint[]) AND u.is_active`;
}

/** Returns the query for those of these tenants that may still be used, with the cells in which they live. */
export function usableTenants(
  ids: readonly number[],
): Statement<{ readonly id: number; readonly cell: string | null }> {
  return sql`
    SELECT t.id, t.cell FROM public.tenants_tenant t WHERE t.id = ANY (${ids}::bigint[]) AND ${TENANT_IS_ACTIVE}`;
}

/**
 * Returns the query for users who ended a session in the last minute, and how many seconds ago, for use while notices do
 * not arrive: for streams whose tokens do not tell their session.
 */
export function recentLogOuts(users: readonly number[]): Statement<{ user: number; age: number }> {
  return sql`
    SELECT s.user_id AS "user", extract(epoch FROM clock_timestamp() - s.ended_at)::float8 AS age
    FROM user_session s WHERE s.user_id = ANY (${users}::bigint[]) AND s.ended_at > now() - interval '1 minute'`;
}
