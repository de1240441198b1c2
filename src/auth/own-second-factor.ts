import { sql } from '../database/sql.js';
import type { TenantTransaction } from '../database/tenant-transaction.js';
import { detailError, invalidField, notFound, unauthorized } from '../http/errors.js';
import type { Tenant } from '../tenancy/tenants.js';
import { type Account, accountById } from './accounts.js';
import { sourceOf } from './client-device.js';
import { lockAccount } from './ended-tokens.js';
import { hasSecondFactor } from './factor-codes.js';
import { noteFactor, passkeyCalled, TOTP } from './factor-notices.js';
import { type FactorOwner, type FactorProof, withProof } from './factor-proof.js';
import { spendChallenge } from './login-challenges.js';
import {
  type NewPasskey,
  type NewTotp,
  newTotp,
  optionsForPasskey,
  useNewPasskey,
  useNewTotp,
} from './new-factors.js';
import type { PasskeySite } from './passkey-sites.js';
import { challengeIn, type NewPasskeyOptions } from './passkeys.js';
import { deleteRecoveryCodes, replaceRecoveryCodes } from './recovery-codes.js';
import type { SecondFactorParts } from './second-factor.js';
import { requiresSecondFactor } from './second-factor-policy.js';
import { recordSecurityEvent } from './security-log.js';
import { deleteTotp } from './totp-secrets.js';

const REQUIRED = 'Your agency requires a second factor. Add another one before you remove this one.';
const NO_FACTOR = 'There is no second factor yet.';
const OLD_CHALLENGE = 'The request for a new passkey has expired. Please begin again.';

/** The changes of signed-in users to their own second factors, which ask for the password or a code. */
export class OwnSecondFactor {
  constructor(private readonly parts: SecondFactorParts) {}

  /** Begins the set-up of an authenticator app. @throws HttpError 400, 429 */
  async beginTotp(owner: FactorOwner, proof: FactorProof): Promise<NewTotp> {
    return await withProof(this.parts, owner, proof, async (transaction, account) =>
      newTotp(transaction, this.parts.secrets, owner.tenant, account),
    );
  }

  /** Finishes it. @returns the recovery codes that come with a first second factor @throws HttpError 400 */
  async confirmTotp(owner: FactorOwner, code: string): Promise<string[] | null> {
    return await this.#ofSelf(owner, (transaction, account) =>
      useNewTotp(transaction, this.parts, owner.tenant, account, code),
    );
  }

  /** Removes the authenticator app. @throws HttpError 400, also where it is the last one and one is required; 429 */
  async removeTotp(owner: FactorOwner, proof: FactorProof): Promise<void> {
    await withProof(this.parts, owner, proof, async (transaction, account) => {
      if (!account.factors.includes('totp')) throw invalidField('non_field_errors', NO_FACTOR);
      if (!account.factors.includes('passkey')) leaveWithoutFactor(transaction, owner.tenant, account);
      transaction.send(deleteTotp(account.id));
      noteFactor(transaction, this.parts.mails, owner.tenant, account, { kind: 'removed', ...TOTP });
    });
  }

  /** Replaces the recovery codes, used or not. @returns the new ones @throws HttpError 400, 429 */
  async newRecoveryCodes(owner: FactorOwner, proof: FactorProof): Promise<string[]> {
    return await withProof(this.parts, owner, proof, async (transaction, { id: userId, factors }) => {
      if (!hasSecondFactor(factors)) throw invalidField('non_field_errors', NO_FACTOR);
      recordSecurityEvent(transaction, { kind: 'recovery_codes_replaced', userId });
      return replaceRecoveryCodes(transaction, userId);
    });
  }

  /** Returns what the browser needs for a new passkey. @throws HttpError 400, 429 */
  async passkeyOptions(
    owner: FactorOwner,
    proof: FactorProof,
    site: PasskeySite | null,
  ): Promise<NewPasskeyOptions> {
    const { tenant } = owner;
    return await withProof(this.parts, owner, proof, (transaction, account) => {
      const challenge = this.parts.challenges.issue('passkey', tenant, account);
      return optionsForPasskey(transaction, tenant, account, challenge, site);
    });
  }

  /** Adds a passkey. @returns as `confirmTotp` @throws HttpError 400 */
  async addPasskey(owner: FactorOwner, passkey: Omit<NewPasskey, 'challenge'>): Promise<string[] | null> {
    const challenge = this.parts.challenges.read(challengeIn(passkey.answer), 'passkey', owner.tenant);
    if (challenge?.userId !== owner.user.id) throw detailError(400, OLD_CHALLENGE);
    return await this.#ofSelf(owner, async (transaction, account) => {
      const codes = await useNewPasskey(transaction, this.parts.mails, owner.tenant, account, {
        ...passkey,
        challenge: challenge.text,
      });
      if (!(await spendChallenge(transaction, challenge))) throw detailError(400, OLD_CHALLENGE);
      return codes;
    });
  }

  /** Removes a passkey. @throws HttpError 404; 400, also where it is the last one and one is required; 429 */
  async removePasskey(owner: FactorOwner, id: number, proof: FactorProof): Promise<void> {
    await withProof(this.parts, owner, proof, async (transaction, account) => {
      const userId = account.id;
      const rows = await transaction.query(sql<{ id: number; name: string }>`
        SELECT id, name FROM passkey WHERE user_id = ${userId} ORDER BY id`);
      const passkey = rows.find((row) => row.id === id);
      if (!passkey) throw notFound('Passkey');
      if (rows.length === 1 && !account.factors.includes('totp')) {
        leaveWithoutFactor(transaction, owner.tenant, account);
      }
      transaction.send(sql`DELETE FROM passkey WHERE id = ${id}`);
      const removed = { kind: 'removed', ...passkeyCalled(id, passkey.name) } as const;
      noteFactor(transaction, this.parts.mails, owner.tenant, account, removed);
    });
  }

  /** Works on the user's own account, whose row it locks. */
  async #ofSelf<T>(
    { tenant, user, client }: FactorOwner,
    work: (transaction: TenantTransaction, account: Account) => Promise<T>,
  ): Promise<T> {
    const context = { schema: tenant.schema, userId: user.id, source: sourceOf(client) };
    return await this.parts.database.tenantTransaction(context, async (transaction) => {
      transaction.send(lockAccount(user.id, 'NO KEY UPDATE'));
      const [account] = await transaction.query(accountById(user.id));
      if (!account?.isActive) throw unauthorized('User is inactive', { code: 'user_inactive' });
      return await work(transaction, account);
    });
  }
}

/** Removes what belongs to a second factor, as the last one goes. @throws HttpError 400 where one is required */
function leaveWithoutFactor(transaction: TenantTransaction, tenant: Tenant, account: Account): void {
  if (requiresSecondFactor(tenant.secondFactor, account)) throw invalidField('non_field_errors', REQUIRED);
  transaction.send(deleteRecoveryCodes(account.id));
}
