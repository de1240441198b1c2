import type { TenantTransaction } from '../database/tenant-transaction.js';
import { detailError, invalidField } from '../http/errors.js';
import type { Tenant } from '../tenancy/tenants.js';
import type { AccountMails } from './account-mails.js';
import type { Account } from './accounts.js';
import { confirmByCode, hasSecondFactor } from './factor-codes.js';
import { noteFactor, passkeyCalled, TOTP } from './factor-notices.js';
import { addPasskey, passkeysOf } from './passkey-rows.js';
import type { PasskeySite } from './passkey-sites.js';
import {
  type NewPasskeyAnswer,
  type NewPasskeyOptions,
  newPasskeyOptions,
  PasskeyError,
  readNewPasskey,
} from './passkeys.js';
import { replaceRecoveryCodes } from './recovery-codes.js';
import type { SealedSecrets } from './sealed-secrets.js';
import type { SecondFactorParts } from './second-factor.js';
import { noPasskeySite } from './second-factor-answers.js';
import { base32, totpAddress } from './totp.js';
import { beginTotp } from './totp-secrets.js';

// The set-up of second factors, for signed-in users and for log-ins that need a first one. Callers have locked the
// user's row.

type Work = Pick<SecondFactorParts, 'secrets' | 'mails'>;

/** A new secret, which is shown once: as text, and as the address that a QR code holds. */
export interface NewTotp {
  readonly secret: string;
  readonly uri: string;
}

/** A new passkey as the browser made it. */
export interface NewPasskey {
  readonly name: string;
  readonly answer: NewPasskeyAnswer;
  readonly challenge: string;
  readonly site: PasskeySite | null;
}

/** Begins the set-up of an authenticator app. A present one stays in use until the new one is confirmed. */
export function newTotp(
  transaction: TenantTransaction,
  secrets: SealedSecrets,
  tenant: Tenant,
  { id, username }: Pick<Account, 'id' | 'username'>,
): NewTotp {
  const secret = beginTotp(transaction, secrets, tenant, id);
  return { secret: base32(secret), uri: totpAddress(secret, tenant.name, username) };
}

/**
 * Finishes the set-up of an authenticator app by its first code.
 * @returns the recovery codes that come with a first second factor; null for a further one
 * @throws HttpError 400 for a wrong code, and where nothing was begun
 */
export async function useNewTotp(
  transaction: TenantTransaction,
  { secrets, mails }: Work,
  tenant: Tenant,
  account: Account,
  code: string,
): Promise<string[] | null> {
  if (!(await confirmByCode(transaction, secrets, tenant, account.id, code))) {
    throw invalidField('code', 'The code is not valid. Use the newest one, or begin again.');
  }
  noteFactor(transaction, mails, tenant, account, { kind: 'added', ...TOTP });
  return firstRecoveryCodes(transaction, account);
}

/** Returns what the browser needs for a new passkey. @throws HttpError 400 away from the agency's pages */
export async function optionsForPasskey(
  transaction: TenantTransaction,
  tenant: Tenant,
  { id, username, firstName, lastName }: Account,
  challenge: string,
  site: PasskeySite | null,
): Promise<NewPasskeyOptions> {
  if (!site) throw noPasskeySite();
  const known = await transaction.query(passkeysOf(id, site.host));
  const name = `${firstName} ${lastName}`.trim();
  return await newPasskeyOptions(site, tenant, { id, username, name }, challenge, known);
}

/** Stores a new passkey. @returns as `useNewTotp` @throws HttpError 400 */
export async function useNewPasskey(
  transaction: TenantTransaction,
  mails: AccountMails,
  tenant: Tenant,
  account: Account,
  { name, answer, challenge, site }: NewPasskey,
): Promise<string[] | null> {
  if (!site) throw noPasskeySite();
  try {
    const passkey = await readNewPasskey(answer, challenge, site);
    const id = await addPasskey(transaction, account.id, site, name, passkey);
    noteFactor(transaction, mails, tenant, account, { kind: 'added', ...passkeyCalled(id, name) });
    return firstRecoveryCodes(transaction, account);
  } catch (error) {
    if (error instanceof PasskeyError) throw detailError(400, 'The passkey could not be added.');
    throw error;
  }
}

function firstRecoveryCodes(transaction: TenantTransaction, { id, factors }: Account): string[] | null {
  return hasSecondFactor(factors) ? null : replaceRecoveryCodes(transaction, id);
}
