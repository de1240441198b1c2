import { createHash } from 'node:crypto';
import type { ClientDevice } from '../auth/client-device.js';
import {
  type Challenge,
  type ChallengePlace,
  type ChallengePurpose,
  challengeDigest,
  type LoginChallenges,
} from '../auth/login-challenges.js';
import { hashPassword, isUsable, needsRehash, verifyPassword } from '../auth/passwords.js';
import type { SealedSecrets } from '../auth/sealed-secrets.js';
import { invalidChallenge, wrongFactor } from '../auth/second-factor-answers.js';
import { base32, totpAddress } from '../auth/totp.js';
import type { Database } from '../database/database.js';
import { sql } from '../database/sql.js';
import type { TenantTransaction } from '../database/tenant-transaction.js';
import { unauthorized } from '../http/errors.js';
import {
  accountById,
  accountByName,
  lockOperator,
  type OperatorAccount,
  setPassword,
  standInPassword,
} from './accounts.js';
import { type AuditEntry, auditStatement } from './audit.js';
import { beginTotp, confirmTotp, spendCode } from './factors.js';
import type { OperatorSessions, OperatorTokenPair } from './sessions.js';
import type { OperatorThrottle } from './throttle.js';

export interface LogInParts {
  readonly database: Database;
  readonly sessions: OperatorSessions;
  readonly throttle: OperatorThrottle;
  readonly challenges: LoginChallenges;
  readonly secrets: SealedSecrets;
}

/** A log-in whose password is right: the challenge for its next step. */
interface NextStep {
  readonly challenge: string;
  readonly next: 'second-factor' | 'enrol';
}

/** The failures of a wrong code, which were counted. */
type Counted = Awaited<ReturnType<typeof countFailure>>;
type Outcome<T> = { readonly done: T } | { readonly failures: Counted };

/** Stands for a tenant in challenges; no schema has this name. */
const PLATFORM: ChallengePlace = { schema: 'platform', createdAt: 0 };
/** The name under which hashing is shared fairly with tenants. */
const ASKER = 'platform';
const ISSUER = 'Leopard operators';
const NO_ACCOUNT = 'No active account found with the given credentials';
const SPENT_AT_ONCE = 100;
/** The hash of a password that nobody knows: where there is no operator whose stored password can stand in. */
let decoy: Promise<string> | undefined;

/**
 * Logs operators in: the password, then the second factor, which every operator has. An operator without one can do
 * nothing but set it up.
 */
export class OperatorLogIn {
  constructor(private readonly parts: LogInParts) {}

  /**
   * Checks the password. An unknown name, a wrong password and an inactive operator get the same answer after the same
   * work.
   * @throws HttpError 401, or 429 after too many failures
   */
  async begin(username: string, password: string, client: ClientDevice): Promise<NextStep> {
    const { database, throttle, challenges } = this.parts;
    const { address } = client;
    const [[standing, [account]], [standIn]] = await database.platformTransaction(async (transaction) =>
      transaction
        .send(throttle.standing(username, address))
        .and(transaction.send(accountByName(username)))
        .and(transaction.send(standInPassword(username))),
    );
    throttle.check(standing);
    decoy ??= hashPassword(crypto.randomUUID());
    const stored =
      account && isUsable(account.password) ? account.password : (standIn?.password ?? (await decoy));
    const asker = { tenant: ASKER, address };
    const matches = await verifyPassword(password, stored, asker);
    if (!account?.isActive || !matches || stored !== account.password) {
      const failures = await database.platformTransaction((transaction) =>
        countFailure(transaction, throttle, { username, account, client, step: 'password' }),
      );
      throttle.checkFailure(failures);
      throw unauthorized(NO_ACCOUNT);
    }
    // Of many attempts at once, no more than the limit learn whether their password was right.
    const rehashed = needsRehash(stored) ? await hashPassword(password, asker) : null;
    const again = await database.platformTransaction(async (transaction) => {
      if (rehashed) transaction.send(setPassword(account.id, rehashed));
      return transaction.send(throttle.standing(username, address));
    });
    throttle.check(again);
    const next = account.hasFactor ? 'second-factor' : 'enrol';
    const purpose = account.hasFactor ? 'factor' : 'enrolment';
    const user = { id: account.id, tokensFrom: stampOf(rehashed ?? stored) };
    return { challenge: challenges.issue(purpose, PLATFORM, user), next };
  }

  /** Finishes a log-in by the second factor. @throws HttpError 401; 429 after too many failures */
  async answer(text: string, code: string, client: ClientDevice): Promise<OperatorTokenPair> {
    return await this.#finish(text, 'factor', client, async (transaction, { id }) => {
      const method = await spendCode(transaction, this.parts.secrets, id, code);
      return method && { second_factor: method, more: {} };
    });
  }

  /** Begins the set-up of an authenticator app. @throws HttpError 401 for a useless challenge */
  async enrol(text: string): Promise<{ readonly secret: string; readonly uri: string }> {
    const challenge = this.#read(text, 'enrolment');
    return await this.parts.database.platformTransaction(async (transaction) => {
      const account = await this.#accountOf(transaction, challenge, 'enrolment');
      const secret = beginTotp(transaction, this.parts.secrets, account.id);
      return { secret: base32(secret), uri: totpAddress(secret, ISSUER, account.username) };
    });
  }

  /** Finishes the set-up by the app's first code, and the log-in. @throws HttpError 401; 429 after too many failures */
  async confirm(
    text: string,
    code: string,
    client: ClientDevice,
  ): Promise<OperatorTokenPair & { readonly recovery_codes: readonly string[] }> {
    return await this.#finish(text, 'enrolment', client, async (transaction, { id }) => {
      const recovery_codes = await confirmTotp(transaction, this.parts.secrets, id, code);
      return recovery_codes && { second_factor: 'enrolled', more: { recovery_codes } };
    });
  }

  async #finish<T>(
    text: string,
    purpose: ChallengePurpose,
    client: ClientDevice,
    check: (
      transaction: TenantTransaction,
      account: OperatorAccount,
    ) => Promise<{ readonly second_factor: string; readonly more: T } | null>,
  ): Promise<OperatorTokenPair & T> {
    const { database, throttle, sessions } = this.parts;
    const challenge = this.#read(text, purpose);
    const outcome = await database.platformTransaction<Outcome<OperatorTokenPair & T>>(
      async (transaction) => {
        const account = await this.#accountOf(transaction, challenge, purpose);
        const { username } = account;
        throttle.check(await transaction.query(throttle.standing(username, client.address)));
        const proof = await check(transaction, account);
        if (!proof) {
          const failures = await countFailure(transaction, throttle, {
            username,
            account,
            client,
            step: 'code',
          });
          return { failures };
        }
        await spend(transaction, challenge);
        transaction.send(throttle.forgive(username));
        const { second_factor, more } = proof;
        transaction.send(auditStatement(logInEntry(account, 'done', client, { second_factor })));
        return { done: { ...sessions.start(transaction, account, client), ...more } };
      },
    );
    if ('done' in outcome) return outcome.done;
    throttle.checkFailure(outcome.failures);
    throw wrongFactor();
  }

  #read(text: string, purpose: ChallengePurpose): Challenge {
    const challenge = this.parts.challenges.read(text, purpose, PLATFORM);
    if (!challenge) throw invalidChallenge();
    return challenge;
  }

  /** Locks and returns the operator of a challenge, if it is still good. @throws HttpError 401 */
  async #accountOf(
    transaction: TenantTransaction,
    challenge: Challenge,
    purpose: ChallengePurpose,
  ): Promise<OperatorAccount> {
    transaction.send(lockOperator(challenge.userId));
    const [[account], spent] = await Promise.all([
      transaction.query(accountById(challenge.userId)),
      transaction.query(sql`
        SELECT expires_at FROM public.operator_spent_challenge WHERE digest = ${challengeDigest(challenge)}`),
    ]);
    const isOpen =
      account?.isActive &&
      spent.length === 0 &&
      stampOf(account.password) === challenge.tokensFrom &&
      account.hasFactor === (purpose === 'factor');
    if (!isOpen) throw invalidChallenge();
    return account;
  }
}

/** Returns a number that changes with the password: challenges from before are void. */
function stampOf(hash: string): number {
  return createHash('sha256').update(hash).digest().readUIntBE(0, 6);
}

async function spend(transaction: TenantTransaction, challenge: Challenge): Promise<void> {
  transaction.send(sql`
    DELETE FROM public.operator_spent_challenge WHERE digest IN (
      SELECT s.digest FROM public.operator_spent_challenge s WHERE s.expires_at < now()
      LIMIT ${SPENT_AT_ONCE} FOR UPDATE SKIP LOCKED)`);
  const spent = await transaction.query(sql`
    INSERT INTO public.operator_spent_challenge (digest, expires_at)
    VALUES (${challengeDigest(challenge)}, to_timestamp(${challenge.expiresAt}))
    ON CONFLICT (digest) DO NOTHING RETURNING expires_at`);
  if (spent.length === 0) throw invalidChallenge();
}

interface Failure {
  readonly username: string;
  readonly account: OperatorAccount | undefined;
  readonly client: ClientDevice;
  readonly step: 'password' | 'code';
}

/** Counts a failure; that of a known operator is noted in the audit log. @returns the failures now */
async function countFailure(
  transaction: TenantTransaction,
  throttle: OperatorThrottle,
  { username, account, client, step }: Failure,
) {
  const failures = await transaction.query(throttle.failure(username, client.address));
  transaction.send(throttle.sweep());
  if (account) transaction.send(auditStatement(logInEntry(account, 'refused', client, { step })));
  return failures;
}

function logInEntry(
  operator: OperatorAccount,
  outcome: AuditEntry['outcome'],
  client: ClientDevice,
  parameters: Readonly<Record<string, string>>,
): AuditEntry {
  const from = { ip: client.address, requestId: client.requestId ?? '' };
  return { operator, action: 'log-in', parameters, outcome, from };
}
