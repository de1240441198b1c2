import type { Database } from '../database/database.js';
import type { TenantTransaction } from '../database/tenant-transaction.js';
import type { HttpError } from '../http/errors.js';
import type { Tenant } from '../tenancy/tenants.js';
import type { AccountMails } from './account-mails.js';
import { type Account, accountById } from './accounts.js';
import { beginSession } from './begin-session.js';
import { type ClientDevice, sourceOf } from './client-device.js';
import { lockAccount } from './ended-tokens.js';
import { hasSecondFactor, spendCode } from './factor-codes.js';
import { addFailedLogIn } from './failed-log-in.js';
import { passwordChangeRequired } from './forced-change.js';
import type { KnownDevices } from './known-devices.js';
import {
  type Challenge,
  type ChallengePurpose,
  type LoginChallenges,
  spendChallenge,
  spentChallenge,
} from './login-challenges.js';
import type { LoginThrottle, Standing } from './login-throttle.js';
import { passkeyNamed, passkeysOf, usePasskey } from './passkey-rows.js';
import type { PasskeySite } from './passkey-sites.js';
import {
  challengeIn,
  type PasskeyAnswer,
  PasskeyError,
  type PasskeyOptions,
  passkeyOptions,
} from './passkeys.js';
import type { SealedSecrets } from './sealed-secrets.js';
import {
  enrolmentRequired,
  type FactorMethod,
  invalidChallenge,
  noPasskeySite,
  SecondFactorRequiredError,
  wrongFactor,
} from './second-factor-answers.js';
import { lacksSecondFactor } from './second-factor-policy.js';
import { recordSecurityEvent } from './security-log.js';
import type { LogInStep } from './sessions.js';
import type { TokenPair } from './token-pair.js';
import type { Tokens } from './tokens.js';

/** The dependencies of log-ins with a second factor. */
export interface SecondFactorParts {
  readonly database: Database;
  readonly tokens: Tokens;
  readonly throttle: LoginThrottle;
  readonly devices: KnownDevices;
  readonly challenges: LoginChallenges;
  readonly secrets: SealedSecrets;
  readonly mails: AccountMails;
}

/** The proof of a second factor. */
export type FactorAnswer =
  | { readonly code: string }
  | { readonly passkey: PasskeyAnswer; readonly site: PasskeySite | null };

/** A log-in: its tenant and client, the code that came with the password, and the web page, for passkeys. */
export interface FactorLogIn {
  readonly tenant: Tenant;
  readonly client: ClientDevice;
  readonly code?: string | undefined;
  readonly site: () => Promise<PasskeySite | null>;
}

type Outcome =
  | { readonly pair: TokenPair }
  | { readonly failures: readonly Standing[] }
  /** The answer that asks for the next step; the second factor is used up. */
  | { readonly next: HttpError };

/** The second step of log-ins, and log-ins with a passkey alone. */
export class SecondFactor {
  constructor(private readonly parts: SecondFactorParts) {}

  /** The step of a log-in: asks for the second factor where the user has one, or must have one. */
  readonly step: LogInStep = async (_transaction, { tenant, account }) => {
    if (hasSecondFactor(account.factors)) {
      const challenge = this.parts.challenges.issue('factor', tenant, account);
      throw new SecondFactorRequiredError(account.id, challenge, account.factors);
    }
    if (!lacksSecondFactor(tenant.secondFactor, account)) return;
    throw enrolmentRequired(this.parts.challenges.issue('enrolment', tenant, account));
  };

  /**
   * Runs a log-in that may ask for the second factor. With a code it is answered at once; otherwise the answer says what
   * the browser needs for a passkey of its page.
   */
  async logIn(
    logIn: () => Promise<TokenPair>,
    { tenant, client, code, site }: FactorLogIn,
  ): Promise<TokenPair> {
    try {
      return await logIn();
    } catch (error) {
      if (!(error instanceof SecondFactorRequiredError)) throw error;
      if (code !== undefined) return await this.answer(tenant, error.challenge, { code }, client);
      throw await this.#forPage(tenant, error, await site());
    }
  }

  /**
   * Goes on with a log-in by its second factor. Wrong ones count as failed log-ins.
   * @throws HttpError 401 for a wrong one or a useless challenge; 429 after too many failures
   */
  async answer(tenant: Tenant, text: string, answer: FactorAnswer, client: ClientDevice): Promise<TokenPair> {
    const challenge = this.#read(text, 'factor', tenant);
    return await this.#logIn(tenant, challenge.userId, challenge, client, {
      isGuessable: 'code' in answer,
      check: (transaction, account) =>
        'code' in answer
          ? spendCode(transaction, this.parts.secrets, tenant, account.id, answer.code)
          : this.#passkeyIsRight(transaction, account, answer, challenge.text),
    });
  }

  /** Returns what a browser needs for a log-in with a passkey alone; the challenge is in it. */
  async passkeyLogInOptions(tenant: Tenant, site: PasskeySite | null): Promise<PasskeyOptions> {
    if (!site) throw noPasskeySite();
    return await passkeyOptions(site, this.parts.challenges.issue('passkey-log-in', tenant), []);
  }

  /**
   * Logs in with a passkey alone, which has verified its user: two factors in one.
   * @throws HttpError 401, 429
   */
  async passkeyLogIn(
    tenant: Tenant,
    passkey: PasskeyAnswer,
    site: PasskeySite | null,
    client: ClientDevice,
  ): Promise<TokenPair> {
    const challenge = this.#read(challengeIn(passkey), 'passkey-log-in', tenant);
    const system = { schema: tenant.schema, userId: null };
    const [known] = await this.parts.database.tenantQuery(system, passkeyNamed(passkey.id));
    if (!known) throw wrongFactor();
    return await this.#logIn(tenant, known.userId, challenge, client, {
      isGuessable: false,
      check: (transaction, account) =>
        this.#passkeyIsRight(transaction, account, { passkey, site }, challenge.text),
    });
  }

  /**
   * Checks the proof, uses up the challenge and begins the session, all with the user's row locked. Only wrong codes count
   * as failures: nobody guesses a passkey, and nobody is to be locked out by answers in its name.
   */
  async #logIn(
    tenant: Tenant,
    userId: number,
    challenge: Challenge,
    client: ClientDevice,
    {
      check,
      isGuessable,
    }: {
      readonly check: (transaction: TenantTransaction, account: Account) => Promise<FactorMethod | null>;
      readonly isGuessable: boolean;
    },
  ): Promise<TokenPair> {
    const { database, throttle } = this.parts;
    const system = { schema: tenant.schema, userId: null, source: sourceOf(client) };
    const outcome = await database.tenantTransaction<Outcome>(system, async (transaction) => {
      // One guess at a time: the next one sees the failures of those before.
      transaction.send(lockAccount(userId, 'NO KEY UPDATE'));
      const [[account], spent] = await Promise.all([
        transaction.query(accountById(userId)),
        transaction.query(spentChallenge(challenge)),
      ]);
      // A challenge without a user is a passkey's, which proves whose log-in it is.
      const isPresent = challenge.userId === 0 || challenge.tokensFrom === account?.tokensFrom;
      if (!account?.isActive || !isPresent || spent.length > 0) throw invalidChallenge();
      const { username } = account;
      const standing = await transaction.query(throttle.standing(username, client));
      if (isGuessable) throttle.check(standing);
      const method = hasSecondFactor(account.factors) ? await check(transaction, account) : null;
      if (method === null) {
        const failed = { username, userId, client, kind: 'second_factor_failed' } as const;
        if (isGuessable) return { failures: await addFailedLogIn(transaction, throttle, failed) };
        recordSecurityEvent(transaction, { kind: failed.kind, userId, from: client });
        return { failures: [] };
      }
      if (!(await spendChallenge(transaction, challenge))) throw invalidChallenge();
      if (method === 'recovery_code') {
        recordSecurityEvent(transaction, { kind: 'recovery_code_used', userId, from: client });
      }
      throttle.forgive(transaction, standing, username, client);
      if (account.mustChangePassword) {
        return { next: passwordChangeRequired(this.parts.challenges, tenant, account) };
      }
      return { pair: beginSession(transaction, this.parts, tenant, account, client, method) };
    });
    if ('pair' in outcome) return outcome.pair;
    if ('next' in outcome) throw outcome.next;
    throttle.checkFailure(outcome.failures);
    throw wrongFactor();
  }

  async #passkeyIsRight(
    transaction: TenantTransaction,
    account: Account,
    { passkey, site }: Extract<FactorAnswer, { passkey: unknown }>,
    challenge: string,
  ): Promise<'passkey' | null> {
    const [known] = await transaction.query(passkeyNamed(passkey.id));
    if (!known || !site || known.userId !== account.id || known.host !== site.host) return null;
    try {
      await usePasskey(transaction, known, passkey, challenge, site);
      return 'passkey';
    } catch (error) {
      if (!(error instanceof PasskeyError)) throw error;
      if (error.isClone) {
        const detail = { passkey: known.id };
        recordSecurityEvent(transaction, { kind: 'passkey_cloned', userId: account.id, detail });
      }
      return null;
    }
  }

  /** Returns the answer that asks for the second factor, with the passkeys of the page that asks. */
  async #forPage(
    tenant: Tenant,
    error: SecondFactorRequiredError,
    site: PasskeySite | null,
  ): Promise<HttpError> {
    const { userId, challenge } = error;
    const { methods } = error.body as { readonly methods: readonly FactorMethod[] };
    if (!methods.includes('passkey')) return error;
    const system = { schema: tenant.schema, userId: null };
    const known = site ? await this.parts.database.tenantQuery(system, passkeysOf(userId, site.host)) : [];
    if (site && known.length > 0) {
      const options = await passkeyOptions(site, challenge, known);
      return new SecondFactorRequiredError(userId, challenge, methods, options);
    }
    const others = methods.filter((method) => method !== 'passkey');
    return new SecondFactorRequiredError(userId, challenge, others);
  }

  /** @throws HttpError 401 */
  #read(text: string, purpose: ChallengePurpose, tenant: Tenant): Challenge {
    const challenge = this.parts.challenges.read(text, purpose, tenant);
    if (!challenge) throw invalidChallenge();
    return challenge;
  }
}
