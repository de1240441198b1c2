import type { Database } from '../database/database.js';
import { sql } from '../database/sql.js';
import type { TenantTransaction } from '../database/tenant-transaction.js';
import { invalidField, unauthorized } from '../http/errors.js';
import type { Tenant } from '../tenancy/tenants.js';
import { type Account, accountById } from './accounts.js';
import { type ClientDevice, sourceOf } from './client-device.js';
import type { CurrentUser } from './current-user.js';
import { endEverySession, lockAccount } from './ended-tokens.js';
import { countFailedLogIn } from './failed-log-in.js';
import type { LoginThrottle } from './login-throttle.js';
import { checkPassword, type NewPasswords } from './new-passwords.js';
import { hashPassword, verifyPassword } from './passwords.js';
import { lacksSecondFactor } from './second-factor-policy.js';
import { recordSecurityEvent } from './security-log.js';
import { isOver, sessionLimits } from './session-limits.js';
import { lockSessionOf } from './session-rows.js';
import { startSession } from './start-session.js';
import type { TokenPair } from './token-pair.js';
import { InvalidTokenError, type ReadClaims, type Tokens } from './tokens.js';

export interface EndedSessions {
  /** Number of ended sessions. */
  readonly ended: number;
  /** The token pair with which the remaining session goes on. */
  readonly pair: TokenPair | null;
}

const NO_FACTOR = 'A second factor is required';
const WRONG_PASSWORD = 'Your old password was entered incorrectly. Please enter it again.';

/** The actions of signed-in users on their own password and sessions. */
export class OwnSessions {
  constructor(
    private readonly database: Database,
    private readonly tokens: Tokens,
    private readonly throttle: LoginThrottle,
    private readonly passwords: NewPasswords,
  ) {}

  /**
   * Ends every session of a user whose row the caller has locked.
   * @returns the number of revoked refresh tokens
   */
  async endEvery(transaction: TenantTransaction, userId: number): Promise<number> {
    return await endEverySession(transaction, userId, this.tokens.lifetime('access'));
  }

  /**
   * Checks the present password of a signed-in user, for changes that an open session alone does not allow. Wrong
   * guesses count as failed log-ins.
   * @param during the change, for the security log
   * @throws HttpError 400 when it is wrong, 429 after too many failures
   */
  async provePassword(
    tenant: Tenant,
    user: CurrentUser,
    current: string,
    client: ClientDevice,
    during: string,
  ): Promise<Account> {
    const { address } = client;
    const context = { schema: tenant.schema, userId: user.id, source: sourceOf(client) };
    const [standing, [account]] = await this.database.tenantTransaction(context, (transaction) =>
      transaction
        .send(this.throttle.standing(user.username, client))
        .and(transaction.send(accountById(user.id))),
    );
    this.throttle.check(standing);
    const asker = { tenant: tenant.schema, address };
    if (account && (await verifyPassword(current, account.password, asker))) return account;
    const failed = { username: user.username, userId: user.id, client, during };
    await countFailedLogIn(this.database, this.throttle, context, failed);
    throw invalidField('current_password', WRONG_PASSWORD);
  }

  /**
   * Changes a user's own password. Every session ends; the current one goes on with the new pair. Wrong guesses of the
   * present password count as failed log-ins.
   * @throws HttpError 400 when the present password is wrong or the new one is rejected; 401 where the agency requires a
   * second factor that the user has yet to set up, at a log-in; 429 after too many failures
   */
  async changePassword(
    tenant: Tenant,
    user: CurrentUser,
    passwords: { readonly current: string; readonly next: string },
    client: ClientDevice,
  ): Promise<TokenPair> {
    const { address } = client;
    const context = { schema: tenant.schema, userId: user.id, source: sourceOf(client) };
    const { current, next } = passwords;
    const asker = { tenant: tenant.schema, address };
    const account = await this.provePassword(tenant, user, current, client, 'change of the password');
    checkPassword('new_password', next, account);
    const hash = await hashPassword(next, asker);
    return await this.database.tenantTransaction(context, async (transaction) => {
      transaction.send(lockAccount(user.id, 'NO KEY UPDATE'));
      const [failed, [present]] = await Promise.all([
        transaction.query(this.throttle.standing(user.username, client)),
        transaction.query(accountById(user.id)),
      ]);
      this.throttle.check(failed);
      if (!present?.isActive) throw unauthorized('User is inactive', { code: 'user_inactive' });
      if (lacksSecondFactor(tenant.secondFactor, present)) {
        throw unauthorized(NO_FACTOR, { code: 'token_not_valid' });
      }
      // If it was changed meanwhile, perhaps by a log-in that rehashed it, it still has to be the same password.
      const isSame = present.password === account.password;
      if (!isSame && !(await verifyPassword(current, present.password, asker))) {
        throw invalidField('current_password', WRONG_PASSWORD);
      }
      await this.passwords.store(transaction, tenant, present, hash, 'own');
      const [changed] = await transaction.query(accountById(user.id));
      return startSession(transaction, this.tokens, tenant, changed as Account, client);
    });
  }

  /**
   * Ends a user's own sessions: all, or all but the one whose refresh token is given. That one goes on as a new session of
   * the same age, so that its old tokens, of other tabs say, end nothing.
   * @throws HttpError 400 when that token is not the user's, already ended, or could not be exchanged any more
   */
  async endAll(
    tenant: Tenant,
    user: CurrentUser,
    refresh: string | undefined,
    client: ClientDevice,
  ): Promise<EndedSessions> {
    const claims = refresh === undefined ? null : this.#refreshClaims(refresh);
    const context = { schema: tenant.schema, userId: user.id, source: sourceOf(client) };
    return await this.database.tenantTransaction(context, async (transaction) => {
      transaction.send(lockAccount(user.id, 'NO KEY UPDATE'));
      const [[session], [own], [present]] = claims
        ? await Promise.all([
            transaction.query(lockSessionOf(claims)),
            transaction.query(ownToken(claims.jti, user.id)),
            transaction.query(accountById(user.id)),
          ])
        : [[], [], []];
      const startedAt = session?.startedAt ?? claims?.iat;
      if (claims) {
        if (!own) throw invalidField('refresh', 'Token is blacklisted');
        if (isOver(sessionLimits(this.tokens, tenant), claims, startedAt ?? 0)) {
          throw invalidField('refresh', 'Token is expired');
        }
        if (present && lacksSecondFactor(tenant.secondFactor, present)) {
          throw invalidField('refresh', NO_FACTOR);
        }
      }
      const ended = await this.endEvery(transaction, user.id);
      const others = claims === null ? ended : ended - 1;
      recordSecurityEvent(transaction, {
        kind: 'sessions_ended',
        userId: user.id,
        detail: { ended: others },
      });
      if (claims === null) return { ended, pair: null };
      const [account] = await transaction.query(accountById(user.id));
      const pair = startSession(transaction, this.tokens, tenant, account as Account, client, { startedAt });
      return { ended: others, pair };
    });
  }

  #refreshClaims(refresh: string): ReadClaims {
    try {
      return this.tokens.read(refresh, 'refresh');
    } catch (error) {
      if (error instanceof InvalidTokenError) throw invalidField('refresh', error.message);
      throw error;
    }
  }
}

/** Returns the query for whether a token, by its name, is this user's and not revoked. */
const ownToken = (jti: string, userId: number) => sql<{ id: number }>`
  SELECT o.id FROM token_blacklist_outstandingtoken o
  WHERE o.jti = ${jti} AND o.user_id = ${userId} AND o.expires_at > now()
    AND NOT EXISTS (SELECT FROM token_blacklist_blacklistedtoken b WHERE b.token_id = o.id)`;
