import { type Static, Type } from '@sinclair/typebox';
import { sql } from '../database/sql.js';
import type { TenantTransaction } from '../database/tenant-transaction.js';
import { component } from '../http/component.js';
import { type Tenant, tenantName } from '../tenancy/tenants.js';
import type { Account } from './accounts.js';
import type { Tokens } from './tokens.js';

export const TokenPair = component(
  'TokenPair',
  Type.Object({ refresh: Type.String(), access: Type.String() }),
);
export type TokenPair = Static<typeof TokenPair>;

/** Begins a session for an account whose row the caller has locked. */
export function issuePair(
  transaction: TenantTransaction,
  tokens: Tokens,
  tenant: Tenant,
  account: Account,
): TokenPair {
  const { email, username, groups, tokensFrom } = account;
  const holder = { user_id: String(account.id), tid: tenantName(tenant), email, username, groups };
  const refresh = tokens.issue('refresh', holder, tokensFrom);
  const access = tokens.issue('access', holder, tokensFrom);
  const { jti, iat, exp } = refresh.claims;
  transaction.send(sql`
    INSERT INTO token_blacklist_outstandingtoken (token, jti, user_id, created_at, expires_at)
    VALUES (${refresh.token}, ${jti}, ${account.id}, to_timestamp(${iat}), to_timestamp(${exp}))`);
  return { refresh: refresh.token, access: access.token };
}
