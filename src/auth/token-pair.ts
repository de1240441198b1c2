import { createHash } from 'node:crypto';
import { type Static, Type } from '@sinclair/typebox';
import { type Sql, sql } from '../database/sql.js';
import { component } from '../http/component.js';
import { nameSince } from '../tenancy/former-names.js';
import { type Tenant, tenantName } from '../tenancy/tenants.js';
import type { Account } from './accounts.js';
import { sessionLimits } from './session-limits.js';
import type { IssuedToken, Tokens } from './tokens.js';

export const TokenPair = component(
  'TokenPair',
  Type.Object({ refresh: Type.String(), access: Type.String() }),
);
export type TokenPair = Static<typeof TokenPair>;

/**
 * Issues a pair of tokens of a session; the caller writes the refresh token's row.
 * @param startedAt when the session began, in seconds since 1970; now by default
 */
export function newPair(tokens: Tokens, tenant: Tenant, account: Account, sid: string, startedAt?: number) {
  const { email, username, groups, tokensFrom } = account;
  const holder = { user_id: String(account.id), tid: tenantName(tenant), sid, email, username, groups };
  const { idle, lifetime } = sessionLimits(tokens, tenant);
  const from = Math.max(tokensFrom, nameSince(tenant.formerNames));
  const until = (startedAt ?? Math.max(Math.floor(Date.now() / 1000), from)) + lifetime;
  return {
    refresh: tokens.issue('refresh', holder, { from, until, lifetime: idle }),
    // Clients exchange the refresh token when the access token ends, which has to be before the refresh token does.
    access: tokens.issue('access', holder, { from, until, lifetime: Math.ceil(idle / 2) }),
  };
}

/** Returns the statement that inserts a refresh token's row, and gives its id. */
export function tokenRow({ token, claims }: IssuedToken, userId: number): Sql<{ id: number }> {
  return sql`
    INSERT INTO token_blacklist_outstandingtoken (token, jti, user_id, created_at, expires_at)
    VALUES (${storedToken(token)}, ${claims.jti}, ${userId}, to_timestamp(${claims.iat}), to_timestamp(${claims.exp}))
    RETURNING id`;
}

/** Returns what is stored of a refresh token: its SHA-256 in hex digits, of no use to a reader of the table. */
export function storedToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
