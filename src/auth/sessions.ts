import type { Database } from '../database/database.js';
import { sql } from '../database/sql.js';
import type { TenantTransaction } from '../database/tenant-transaction.js';
import { type HttpError, unauthorized } from '../http/errors.js';
import type { Tenant } from '../tenancy/tenants.js';
import { type Account, accountById, accountByName, setPassword, storedPasswordFor } from './accounts.js';
import { checkTenant, userIdOf } from './authentication.js';
import { beginSession } from './begin-session.js';
import type { ClientDevice } from './client-device.js';
import type { CurrentUsers } from './current-user.js';
import { endSession } from './end-session.js';
import { lockAccount } from './ended-tokens.js';
import { countFailedLogIn } from './failed-log-in.js';
import type { KnownDevices } from './known-devices.js';
import type { LoginThrottle } from './login-throttle.js';
import { hashPassword, isUsable, needsRehash, verifyPassword } from './passwords.js';
import { endIfReused } from './refresh-reuse.js';
import { lacksSecondFactor } from './second-factor-policy.js';
import { recordSecurityEvent } from './security-log.js';
import { isOver, sessionLimits } from './session-limits.js';
import { adoptToken, lockSessionOf } from './session-rows.js';
import { continueSession } from './start-session.js';
import { storedToken, type TokenPair } from './token-pair.js';
import { standingOf } from './token-standing.js';
import { InvalidTokenError, type ReadClaims, type Tokens, type TokenType } from './tokens.js';

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** A log-in whose password is right. */
interface LogInAttempt {
  readonly tenant: Tenant;
  /** Its row is locked. */
  readonly account: Account;
  readonly credentials: Credentials;
  readonly client: ClientDevice;
}

/**
 * A step of a log-in after the password: passes, or throws the HttpError that says what is asked for. What it wrote in
 * the transaction is undone then.
 */
export type LogInStep = (transaction: TenantTransaction, attempt: LogInAttempt) => Promise<void>;

const NO_ACCOUNT = 'No active account found with the given credentials';
/** The hash of a password that nobody knows: for tenants where no user's stored password can stand in. */
const DECOY = hashPassword(crypto.randomUUID());

/** Log-in, rotation and log-out. Every refresh token is a row; a revoked one is a row of the blacklist. */
export class Sessions {
  constructor(
    private readonly database: Database,
    private readonly tokens: Tokens,
    private readonly throttle: LoginThrottle,
    private readonly users: Pick<CurrentUsers, 'drop'>,
    private readonly devices: KnownDevices,
    /** The steps of a log-in between the password and its session, in this order. */
    private readonly steps: readonly LogInStep[] = [],
  ) {}

  /**
   * Logs in: throttle, password, further steps, session.
   * @throws HttpError 401, or 429 after too many failures, or what a step throws
   */
  async logIn(tenant: Tenant, credentials: Credentials, client: ClientDevice): Promise<TokenPair> {
    const { username, password } = credentials;
    const account = await this.#checkedAccount(tenant, credentials, client);
    const { id, password: stored } = account;
    const asker = { tenant: tenant.schema, address: client.address };
    const rehashed = needsRehash(stored) ? await hashPassword(password, asker) : null;
    const system = { schema: tenant.schema, userId: null };
    return await this.database.tenantTransaction(system, async (transaction) => {
      const standing = transaction.query(this.throttle.standing(username, client));
      transaction.send(lockAccount(id, rehashed ? 'NO KEY UPDATE' : 'SHARE'));
      const [failed, [current]] = await Promise.all([standing, transaction.query(accountById(id))]);
      this.throttle.check(failed);
      // A user who was disabled, or given another password, while this one was checked is not let in with the old one.
      const isSame = current?.password === stored;
      if (!current?.isActive || !(isSame || (await verifyPassword(password, current.password, asker)))) {
        throw unauthorized(NO_ACCOUNT);
      }
      for (const step of this.steps) {
        await step(transaction, { tenant, account: current, credentials, client });
      }
      if (rehashed && isSame) transaction.send(setPassword(id, rehashed));
      this.throttle.forgive(transaction, failed, username, client);
      return beginSession(
        transaction,
        { tokens: this.tokens, devices: this.devices },
        tenant,
        current,
        client,
      );
    });
  }

  /**
   * Returns the active account with this name and password. An unknown name, a wrong password and an inactive user get
   * the same answer after the same work.
   * @throws HttpError 401, or 429 after too many failures
   */
  async #checkedAccount(
    tenant: Tenant,
    { username, password }: Credentials,
    client: ClientDevice,
  ): Promise<Account> {
    const { address } = client;
    const system = { schema: tenant.schema, userId: null };
    const [[standing, [account]], [decoy]] = await this.database.tenantTransaction(system, (transaction) =>
      transaction
        .send(this.throttle.standing(username, client))
        .and(transaction.send(accountByName(username)))
        .and(transaction.send(storedPasswordFor(username))),
    );
    this.throttle.check(standing);
    const stored =
      account && isUsable(account.password) ? account.password : (decoy?.password ?? (await DECOY));
    const matches = await verifyPassword(password, stored, { tenant: tenant.schema, address });
    if (account?.isActive && matches && stored === account.password) return account;
    await countFailedLogIn(this.database, this.throttle, system, {
      username,
      userId: account?.id ?? null,
      client,
    });
    throw unauthorized(NO_ACCOUNT);
  }

  /**
   * Exchanges a refresh token, which is revoked, for a new pair; of two concurrent exchanges exactly one succeeds. A token
   * that was spent before ends its whole session.
   * @throws HttpError 401
   */
  async refresh(tenant: Tenant, token: string, client: ClientDevice): Promise<TokenPair> {
    const arrivedAt = performance.now();
    const claims = this.#refreshClaims(token, tenant);
    const userId = userIdOf(claims);
    const system = { schema: tenant.schema, userId: null };
    const pair = await this.database.tenantTransaction(system, async (transaction) => {
      transaction.send(lockAccount(userId, 'SHARE'));
      const [[session], revoked, [account]] = await Promise.all([
        transaction.query(lockSessionOf(claims)),
        this.#revoke(transaction, token, claims),
        transaction.query(accountById(userId)),
      ]);
      if (revoked === null) {
        await endIfReused(transaction, tenant.schema, { claims, session, client, arrivedAt });
        return null;
      }
      if (session?.isEnded) throw invalidToken('Token is blacklisted');
      const startedAt = session?.startedAt ?? (claims.iat as number);
      if (isOver(sessionLimits(this.tokens, tenant), claims, startedAt))
        throw invalidToken('Token is expired');
      if (!account?.isActive) {
        throw unauthorized('No active account found for the given token.');
      }
      if (lacksSecondFactor(tenant.secondFactor, account)) throw invalidToken('A second factor is required');
      const spent = { id: revoked, issuedAt: claims.iat as number, sid: claims.sid };
      return continueSession(transaction, this.tokens, tenant, account, client, {
        session: session ?? null,
        spent,
      });
    });
    if (pair) return pair;
    this.users.drop(tenant);
    throw invalidToken('Token is blacklisted');
  }

  /**
   * Ends the session of a refresh token: log-out.
   * @throws HttpError 401 when the token is invalid, or already revoked; if it was spent, its session ends all the same
   */
  async revoke(tenant: Tenant, token: string, client: ClientDevice): Promise<void> {
    const arrivedAt = performance.now();
    const claims = this.#refreshClaims(token, tenant);
    const { schema } = tenant;
    const isDone = await this.database.tenantTransaction({ schema, userId: null }, async (transaction) => {
      const [[found], revoked] = await Promise.all([
        transaction.query(lockSessionOf(claims)),
        this.#revoke(transaction, token, claims),
      ]);
      if (revoked === null) {
        await endIfReused(transaction, schema, { claims, session: found, client, arrivedAt });
        return false;
      }
      const session = found ?? (await transaction.query(adoptToken(revoked)))[0];
      if (!session) return true; // of a user who is gone
      endSession(transaction, schema, session, 'log_out');
      const { userId, sid } = session;
      recordSecurityEvent(transaction, {
        kind: 'logout',
        userId,
        actor: userId,
        from: client,
        sessionId: sid,
      });
      return true;
    });
    this.users.drop(tenant);
    if (!isDone) throw invalidToken('Token is blacklisted');
  }

  /** Checks a token of either kind. @throws HttpError 401 when it is invalid here */
  async verify(tenant: Tenant, token: string): Promise<void> {
    const claims = this.#claims(token);
    checkTenant(claims, tenant, () => invalidToken('Token is invalid'));
    const standing = standingOf(claims, userIdOf(claims));
    const [found] = await this.database.tenantQuery({ schema: tenant.schema, userId: null }, standing);
    if (found?.isEnded) throw invalidToken('Token is blacklisted');
  }

  #refreshClaims(token: string, tenant: Tenant): ReadClaims {
    const claims = this.#claims(token, 'refresh');
    checkTenant(claims, tenant, () => invalidToken('Token is invalid'));
    return claims;
  }

  #claims(token: string, type?: TokenType): ReadClaims {
    try {
      return this.tokens.read(token, type);
    } catch (error) {
      if (error instanceof InvalidTokenError) throw invalidToken(error.message);
      throw error;
    }
  }

  /** Puts a token on the blacklist. @returns the id of its row; null when it is already on it */
  async #revoke(transaction: TenantTransaction, token: string, claims: ReadClaims): Promise<number | null> {
    // A token of a user who is gone, or whose row was cleaned up, still has to be remembered as used.
    const [row] = await transaction.query(sql<{ id: number }>`
      WITH outstanding AS (
        INSERT INTO token_blacklist_outstandingtoken (token, jti, expires_at, created_at)
        VALUES (${storedToken(token)}, ${claims.jti}, to_timestamp(${claims.exp}), now())
        ON CONFLICT (jti) DO UPDATE SET jti = excluded.jti
        RETURNING id)
      INSERT INTO token_blacklist_blacklistedtoken (token_id, blacklisted_at)
      SELECT id, now() FROM outstanding
      ON CONFLICT (token_id) DO NOTHING
      RETURNING token_id AS id`);
    return row?.id ?? null;
  }
}

function invalidToken(detail: string): HttpError {
  return unauthorized(detail, { code: 'token_not_valid' });
}
