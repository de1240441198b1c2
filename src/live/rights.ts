import { TOKENS_FROM } from '../auth/ended-tokens.js';
import { TENANT_IS_ACTIVE } from '../database/served-tenants.js';
import { sql } from '../database/sql.js';
import type { Statement } from '../database/statement.js';

/**
 * Returns the query for those of these users who may still listen: existing and active, with the time from which their
 * tokens are valid.
 */
export function activeUsers(users: readonly number[]): Statement<{ id: number; tokensFrom: number }> {
  return sql`
    SELECT u.id, ${TOKENS_FROM} AS "tokensFrom"
    FROM immigration_user u WHERE u.id = ANY (${users}::bigint[]) AND u.is_active`;
}

/** Returns the query for those of these tenants that may still be used. */
export function usableTenants(ids: readonly number[]): Statement<{ id: number }> {
  return sql`
    SELECT t.id FROM public.tenants_tenant t WHERE t.id = ANY (${ids}::bigint[]) AND ${TENANT_IS_ACTIVE}`;
}

/**
 * Returns the query for users who logged out in the last minute, and how many seconds ago, for use while notices do not
 * arrive. Exchanging a refresh token revokes it too, but the same transaction writes its successor.
 */
export function recentLogOuts(users: readonly number[]): Statement<{ user: number; age: number }> {
  return sql`
    SELECT o.user_id AS "user", extract(epoch FROM clock_timestamp() - b.blacklisted_at)::float8 AS age
    FROM token_blacklist_blacklistedtoken b JOIN token_blacklist_outstandingtoken o ON o.id = b.token_id
    WHERE b.id > (SELECT max(id) - 1000 FROM token_blacklist_blacklistedtoken)
      AND b.blacklisted_at > now() - interval '1 minute' AND o.user_id = ANY (${users}::bigint[])
      AND NOT EXISTS (SELECT FROM token_blacklist_outstandingtoken successor
                      WHERE successor.user_id = o.user_id AND successor.id <> o.id AND successor.xmin = b.xmin)`;
}
