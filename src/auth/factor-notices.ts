import type { TenantTransaction } from '../database/tenant-transaction.js';
import type { Tenant } from '../tenancy/tenants.js';
import type { AccountMails, MailedAccount } from './account-mails.js';
import { recordSecurityEvent } from './security-log.js';

/** A second factor: as the security log holds it, and in the words of an e-mail. */
interface NamedFactor {
  readonly detail: Readonly<Record<string, string | number>>;
  readonly called: string;
}

export const TOTP: NamedFactor = { detail: { method: 'totp' }, called: 'an authenticator app' };

/** Returns the names of a passkey. @param name as the user called it */
export function passkeyCalled(id: number, name: string): NamedFactor {
  return { detail: { method: 'passkey', passkey: id }, called: `the passkey "${name}"` };
}

/** Records that a user has added or removed a second factor, and tells the user by e-mail. */
export function noteFactor(
  transaction: TenantTransaction,
  mails: AccountMails,
  tenant: Tenant,
  account: MailedAccount,
  { kind, detail, called }: NamedFactor & { readonly kind: 'added' | 'removed' },
): void {
  recordSecurityEvent(transaction, { kind: `second_factor_${kind}`, userId: account.id, detail });
  mails.queue(transaction, tenant, { name: `factor-${kind}`, account, values: { factor: called } });
}

/** Records that somebody else has removed all of a user's second factors, and tells the user by e-mail. */
export function noteReset(
  transaction: TenantTransaction,
  mails: AccountMails,
  tenant: Tenant,
  account: MailedAccount,
): void {
  recordSecurityEvent(transaction, { kind: 'second_factor_reset', userId: account.id });
  mails.queue(transaction, tenant, { name: 'factor-removed', account, values: { factor: 'all of them' } });
}
