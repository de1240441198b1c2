import { randomUUID } from 'node:crypto';
import { sql } from '../database/sql.js';
import type { TenantTransaction } from '../database/tenant-transaction.js';
import type { Tenant } from '../tenancy/tenants.js';
import type { Account } from './accounts.js';
import { type ClientDevice, storedDevice } from './client-device.js';
import type { SessionRow } from './session-rows.js';
import { newPair, type TokenPair, tokenRow } from './token-pair.js';
import type { Tokens } from './tokens.js';

/** Returns the name of a new session: 32 hex digits. */
export const newSid = () => randomUUID().replaceAll('-', '');

/**
 * Begins a session for an account whose row the caller has locked.
 * @param options its `sid`, or another; when the session began whose place it takes, in seconds since 1970, or now
 * @returns its first pair of tokens
 */
export function startSession(
  transaction: TenantTransaction,
  tokens: Tokens,
  tenant: Tenant,
  account: Account,
  client: ClientDevice,
  { sid = newSid(), startedAt }: { readonly sid?: string; readonly startedAt?: number | undefined } = {},
): TokenPair {
  const { refresh, access } = newPair(tokens, tenant, account, sid, startedAt);
  const { address, agent, device } = storedDevice(client);
  const { iat, exp } = refresh.claims;
  transaction.send(sql`
    WITH token AS (${tokenRow(refresh, account.id)})
    INSERT INTO user_session (id, sid, user_id, token_id, created_at, last_used_at, expires_at, access_until,
                              address, agent, device, access_jti)
    SELECT id, ${sid}, ${account.id}::bigint, id, to_timestamp(${startedAt ?? iat}), to_timestamp(${iat}), to_timestamp(${exp}),
           to_timestamp(${access.claims.exp}), ${address}, ${agent}, ${device}, ${access.claims.jti} FROM token`);
  return { refresh: refresh.token, access: access.token };
}

/** A refresh token that is being exchanged. */
export interface SpentToken {
  /** The id of its row. */
  readonly id: number;
  /** The second at which it was issued. */
  readonly issuedAt: number;
  /** The session in its claims; missing in tokens from before there were any. */
  readonly sid: string | undefined;
}

/**
 * Continues a session with a new pair of tokens, in place of a refresh token that the caller has revoked.
 * @param session null for a token whose session has no row, which it gets now
 */
export function continueSession(
  transaction: TenantTransaction,
  tokens: Tokens,
  tenant: Tenant,
  account: Account,
  client: ClientDevice,
  { session, spent }: { readonly session: SessionRow | null; readonly spent: SpentToken },
): TokenPair {
  const { id, sid, startedAt } = session ?? {
    id: spent.id,
    sid: spent.sid ?? newSid(),
    startedAt: spent.issuedAt,
  };
  const { refresh, access } = newPair(tokens, tenant, account, sid, startedAt);
  const { address, agent, device } = storedDevice(client);
  const { iat, exp } = refresh.claims;
  transaction.send(sql`
    WITH token AS (${tokenRow(refresh, account.id)})
    INSERT INTO user_session AS s (id, sid, user_id, token_id, created_at, last_used_at, expires_at, access_until,
                                   address, agent, device, access_jti, spent_token_id)
    SELECT ${id}::bigint, ${sid}, ${account.id}::bigint, id, to_timestamp(${startedAt}), to_timestamp(${iat}),
           to_timestamp(${exp}), to_timestamp(${access.claims.exp}), ${address}, ${agent}, ${device},
           ${access.claims.jti}, ${spent.id}::bigint FROM token
    ON CONFLICT (id) DO UPDATE SET
      token_id = excluded.token_id, last_used_at = excluded.last_used_at, expires_at = excluded.expires_at,
      access_until = greatest(s.access_until, excluded.access_until),
      address = excluded.address, agent = excluded.agent, device = excluded.device,
      access_jti = excluded.access_jti, spent_token_id = excluded.spent_token_id`);
  // Dated as late as can be, for comparison with the time at which a second exchange of the same token arrived.
  transaction.send(sql`
    UPDATE token_blacklist_blacklistedtoken SET blacklisted_at = clock_timestamp() WHERE token_id = ${spent.id}`);
  return { refresh: refresh.token, access: access.token };
}
