import type { TenantTransaction } from '../database/tenant-transaction.js';
import type { Tenant } from '../tenancy/tenants.js';
import type { Account } from './accounts.js';
import type { ClientDevice } from './client-device.js';
import type { KnownDevices } from './known-devices.js';
import type { FactorMethod } from './second-factor-answers.js';
import { recordSecurityEvent } from './security-log.js';
import { newSid, startSession } from './start-session.js';
import type { TokenPair } from './token-pair.js';
import type { Tokens } from './tokens.js';

/**
 * Begins the session of a log-in that has passed all its steps, records the log-in and remembers its device.
 * @param factor the second factor, if it took one
 */
export function beginSession(
  transaction: TenantTransaction,
  { tokens, devices }: { readonly tokens: Tokens; readonly devices: KnownDevices },
  tenant: Tenant,
  account: Account,
  client: ClientDevice,
  factor?: FactorMethod,
): TokenPair {
  const sessionId = newSid();
  devices.remember(transaction, tenant, account, client);
  const { id: userId, username } = account;
  recordSecurityEvent(transaction, {
    kind: 'login',
    userId,
    username,
    sessionId,
    actor: userId,
    from: client,
    ...(factor && { detail: { second_factor: factor } }),
  });
  return startSession(transaction, tokens, tenant, account, client, { sid: sessionId });
}
