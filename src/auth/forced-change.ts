import type { Database } from '../database/database.js';
import { type HttpError, invalidField, unauthorized } from '../http/errors.js';
import type { Tenant } from '../tenancy/tenants.js';
import { type Account, accountById } from './accounts.js';
import { beginSession } from './begin-session.js';
import { type ClientDevice, sourceOf } from './client-device.js';
import { lockAccount } from './ended-tokens.js';
import { hasSecondFactor } from './factor-codes.js';
import type { KnownDevices } from './known-devices.js';
import type { Challenge, LoginChallenges } from './login-challenges.js';
import { checkPassword, type NewPasswords } from './new-passwords.js';
import { hashPassword, verifyPassword } from './passwords.js';
import { enrolmentRequired, invalidChallenge } from './second-factor-answers.js';
import { lacksSecondFactor } from './second-factor-policy.js';
import type { LogInStep } from './sessions.js';
import type { TokenPair } from './token-pair.js';
import type { Tokens } from './tokens.js';

/** The dependencies of log-ins that demand a new password. */
export interface ForcedChangeParts {
  readonly database: Database;
  readonly tokens: Tokens;
  readonly devices: KnownDevices;
  readonly challenges: LoginChallenges;
  readonly passwords: NewPasswords;
}

const DETAIL = 'Your password must be changed before you can log in.';
const SAME = 'The new password must differ from the present one.';

/**
 * Returns the answer to a log-in that has passed everything but the demand for a new password. Its challenge tells
 * whether a second factor was asked for.
 */
export function passwordChangeRequired(
  challenges: LoginChallenges,
  tenant: Tenant,
  account: Account,
): HttpError {
  const purpose = hasSecondFactor(account.factors) ? 'password-after-factor' : 'password';
  const challenge = challenges.issue(purpose, tenant, account);
  return unauthorized(DETAIL, { code: 'password_change_required', challenge });
}

/** Log-ins of users who have to set a new password first, as an administrator or operator has demanded. */
export class ForcedChange {
  constructor(private readonly parts: ForcedChangeParts) {}

  /** The step of a log-in. Users with a second factor are asked for that first (SecondFactor). */
  readonly step: LogInStep = async (_transaction, { tenant, account }) => {
    if (!account.mustChangePassword || hasSecondFactor(account.factors)) return;
    throw passwordChangeRequired(this.parts.challenges, tenant, account);
  };

  /**
   * Goes on with a log-in by a new password, and begins its session.
   * @throws HttpError 401 for a useless challenge, 400 for a password that is rejected, 429
   */
  async complete(
    tenant: Tenant,
    { challenge: text, password }: { readonly challenge: string; readonly password: string },
    client: ClientDevice,
  ): Promise<TokenPair> {
    const { database, challenges, passwords } = this.parts;
    const afterFactor = challenges.read(text, 'password-after-factor', tenant);
    const challenge = afterFactor ?? challenges.read(text, 'password', tenant);
    if (!challenge) throw invalidChallenge();
    const isOpen = (account: Account | undefined): account is Account =>
      isFor(challenge, account) && (afterFactor !== null || !hasSecondFactor(account.factors));
    const { userId } = challenge;
    const asker = { tenant: tenant.schema, address: client.address };
    const context = { schema: tenant.schema, userId, source: sourceOf(client) };
    const [account] = await database.tenantQuery(context, accountById(userId));
    if (!isOpen(account)) throw invalidChallenge();
    if (await verifyPassword(password, account.password, asker)) throw invalidField('password', SAME);
    checkPassword('password', password, account);
    const hash = await hashPassword(password, asker);
    const outcome = await database.tenantTransaction(context, async (transaction) => {
      transaction.send(lockAccount(userId, 'NO KEY UPDATE'));
      const [present] = await transaction.query(accountById(userId));
      if (!isOpen(present)) throw invalidChallenge();
      await passwords.store(transaction, tenant, present, hash, 'demand');
      const [changed] = await transaction.query(accountById(userId));
      if (!changed) throw invalidChallenge();
      if (lacksSecondFactor(tenant.secondFactor, changed)) {
        return { next: enrolmentRequired(challenges.issue('enrolment', tenant, changed)) };
      }
      return { pair: beginSession(transaction, this.parts, tenant, changed, client) };
    });
    // The new password stays, whatever the agency asks for next.
    if (outcome.next) throw outcome.next;
    return outcome.pair;
  }
}

/** Returns whether a challenge still is for this user: a new password, or the end of all sessions, ends it. */
function isFor({ tokensFrom }: Challenge, account: Account | undefined): account is Account {
  return account?.isActive === true && account.mustChangePassword && account.tokensFrom === tokensFrom;
}
