import type { TenantTransaction } from '../database/tenant-transaction.js';
import type { Tenant } from '../tenancy/tenants.js';
import { type Account, accountById } from './accounts.js';
import { beginSession } from './begin-session.js';
import { type ClientDevice, sourceOf } from './client-device.js';
import { lockAccount } from './ended-tokens.js';
import { hasSecondFactor } from './factor-codes.js';
import { type Challenge, spendChallenge } from './login-challenges.js';
import {
  type NewPasskey,
  type NewTotp,
  newTotp,
  optionsForPasskey,
  useNewPasskey,
  useNewTotp,
} from './new-factors.js';
import type { PasskeySite } from './passkey-sites.js';
import type { NewPasskeyOptions } from './passkeys.js';
import type { SecondFactorParts } from './second-factor.js';
import { invalidChallenge } from './second-factor-answers.js';
import type { TokenPair } from './token-pair.js';

/** A log-in whose user has set up the first second factor. */
export interface EnrolledLogIn extends TokenPair {
  readonly recovery_codes: readonly string[];
}

/**
 * The set-up of a first second factor in the middle of a log-in, where the agency requires one. The challenge of that
 * log-in is good for nothing else, and only while the user has no second factor.
 */
export class FactorEnrolment {
  constructor(private readonly parts: SecondFactorParts) {}

  /** Begins the set-up of an authenticator app. @throws HttpError 401 for a useless challenge */
  async newTotp(tenant: Tenant, text: string, client: ClientDevice): Promise<NewTotp> {
    return await this.#enrol(tenant, text, client, async (transaction, account) =>
      newTotp(transaction, this.parts.secrets, tenant, account),
    );
  }

  /** Returns what the browser needs for a passkey. @throws HttpError 401; 400 away from the agency's pages */
  async passkeyOptions(
    tenant: Tenant,
    text: string,
    site: PasskeySite | null,
    client: ClientDevice,
  ): Promise<NewPasskeyOptions> {
    return await this.#enrol(tenant, text, client, (transaction, account) =>
      optionsForPasskey(transaction, tenant, account, text, site),
    );
  }

  /** Finishes the set-up of an authenticator app, and the log-in. @throws HttpError 401; 400 for a wrong code */
  async useTotp(tenant: Tenant, text: string, code: string, client: ClientDevice): Promise<EnrolledLogIn> {
    return await this.#logIn(tenant, text, client, (transaction, account) =>
      useNewTotp(transaction, this.parts, tenant, account, code),
    );
  }

  /** Finishes the set-up of a passkey, and the log-in. @throws HttpError 401, 400 */
  async usePasskey(
    tenant: Tenant,
    text: string,
    passkey: Omit<NewPasskey, 'challenge'>,
    client: ClientDevice,
  ): Promise<EnrolledLogIn> {
    return await this.#logIn(tenant, text, client, (transaction, account) =>
      useNewPasskey(transaction, this.parts.mails, tenant, account, { ...passkey, challenge: text }),
    );
  }

  async #logIn(
    tenant: Tenant,
    text: string,
    client: ClientDevice,
    use: (transaction: TenantTransaction, account: Account) => Promise<string[] | null>,
  ): Promise<EnrolledLogIn> {
    return await this.#enrol(tenant, text, client, async (transaction, account, challenge) => {
      const recovery_codes = (await use(transaction, account)) ?? [];
      if (!(await spendChallenge(transaction, challenge))) throw invalidChallenge();
      const pair = beginSession(transaction, this.parts, tenant, account, client);
      return { ...pair, recovery_codes };
    });
  }

  /** Works on the user of a challenge, whose row it locks. */
  async #enrol<T>(
    tenant: Tenant,
    text: string,
    client: ClientDevice,
    work: (transaction: TenantTransaction, account: Account, challenge: Challenge) => Promise<T>,
  ): Promise<T> {
    const challenge = this.parts.challenges.read(text, 'enrolment', tenant);
    if (!challenge) throw invalidChallenge();
    const { userId, tokensFrom } = challenge;
    // The user acts: what is set up appears under their name in the logs.
    return await this.parts.database.tenantTransaction(
      { schema: tenant.schema, userId, source: sourceOf(client) },
      async (transaction) => {
        transaction.send(lockAccount(userId, 'NO KEY UPDATE'));
        const [account] = await transaction.query(accountById(userId));
        const isOpen =
          account?.isActive && account.tokensFrom === tokensFrom && !hasSecondFactor(account.factors);
        if (!isOpen) throw invalidChallenge();
        return await work(transaction, account, challenge);
      },
    );
  }
}
