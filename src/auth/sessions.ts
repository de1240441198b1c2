import type { Database } from '../database/database.js';
import { type Statement, statement } from '../database/statement.js';
import type { TenantTransaction } from '../database/tenant-transaction.js';
import { type HttpError, unauthorized } from '../http/errors.js';
import { type Tenant, tenantName } from '../tenancy/tenants.js';
import { checkTenant, userIdOf } from './authentication.js';
import type { LoginThrottle } from './login-throttle.js';
import { hashPassword, isUsable, needsRehash, verifyPassword } from './passwords.js';
import { InvalidTokenError, type ReadClaims, type Tokens, type TokenType } from './tokens.js';

export interface TokenPair {
  readonly refresh: string;
  readonly access: string;
}

/** The channel on which every process hears that somebody logged out. */
export const LOG_OUTS_CHANNEL = 'leopard_log_outs';

export interface LogOutNotice {
  readonly schema: string;
  readonly user: number;
}

interface Account {
  readonly id: number;
  readonly username: string;
  readonly email: string;
  readonly password: string;
  readonly isActive: boolean;
  readonly groups: readonly string[];
}

const NO_ACCOUNT = 'No active account found with the given credentials';
/** Of a password that nobody knows: for tenants where no user's stored password can stand in. */
const DECOY = hashPassword(crypto.randomUUID());

const ACCOUNT_COLUMNS = `
  u.id, u.username, u.email, u.password, u.is_active AS "isActive",
  ARRAY(SELECT g.name::text FROM immigration_user_groups ug JOIN auth_group g ON g.id = ug.group_id
        WHERE ug.user_id = u.id ORDER BY g.id) AS groups`;

const INSERT_OUTSTANDING = `
  INSERT INTO token_blacklist_outstandingtoken (token, jti, user_id, created_at, expires_at)
  VALUES ($1, $2, $3, to_timestamp($4), to_timestamp($5))`;

/** Log-in, rotation and log-out. Every refresh token is a row; a revoked one is a row of the blacklist. */
export class Sessions {
  constructor(
    private readonly database: Database,
    private readonly tokens: Tokens,
    private readonly throttle: LoginThrottle,
  ) {}

  /**
   * Checks name and password. An unknown name, a wrong password and an inactive user get the same answer after the
   * same work.
   * @throws HttpError 401, or 429 after too many failures
   */
  async logIn(tenant: Tenant, username: string, password: string, address: string): Promise<TokenPair> {
    const system = { schema: tenant.schema, userId: null };
    const [standing, account, decoy] = await this.database.tenantTransaction(system, async (transaction) => {
      const results = Promise.all([
        transaction.query(this.throttle.standing(username, address)),
        transaction.query(accountByName(username)),
        transaction.last(storedPasswordFor(username)),
      ]);
      const [rows, [found], [stored]] = await results;
      return [rows, found, stored?.password] as const;
    });
    this.throttle.check(standing);
    const stored = account && isUsable(account.password) ? account.password : (decoy ?? (await DECOY));
    const matches = await verifyPassword(password, stored);
    if (!account?.isActive || !matches || stored !== account.password) {
      const reached = await this.database.tenantQuery(system, this.throttle.failure(username, address));
      this.throttle.checkFailure(reached);
      throw unauthorized(NO_ACCOUNT);
    }
    const rehashed = needsRehash(stored) ? await hashPassword(password) : null;
    return await this.database.tenantTransaction(system, async (transaction) => {
      const failed = await transaction.query(this.throttle.standing(username, address));
      this.throttle.check(failed);
      if (rehashed) {
        // Only if it is still the one that was checked: a change made meanwhile must win.
        const update = 'UPDATE immigration_user SET password = $2 WHERE id = $1 AND password = $3';
        void transaction.query(statement(update, [account.id, rehashed, stored])).catch(() => undefined);
      }
      if (failed.some(({ kind }) => kind === 'account')) {
        void transaction.query(this.throttle.forget(username)).catch(() => undefined);
      }
      return await this.#issue(transaction, tenant, account);
    });
  }

  /**
   * Gives a new pair for a refresh token, which is revoked; of two at the same moment exactly one succeeds.
   * @throws HttpError 401
   */
  async refresh(tenant: Tenant, token: string): Promise<TokenPair> {
    const claims = this.#refreshClaims(token, tenant);
    const userId = userIdOf(claims);
    const system = { schema: tenant.schema, userId: null };
    return await this.database.tenantTransaction(system, async (transaction) => {
      const [revoked, [account]] = await Promise.all([
        this.#revoke(transaction, token, claims),
        transaction.query(accountById(userId)),
      ]);
      if (!revoked) throw invalidToken('Token is blacklisted');
      if (!account?.isActive) {
        throw unauthorized('No active account found for the given token.');
      }
      return await this.#issue(transaction, tenant, account);
    });
  }

  /** Revokes a refresh token: log-out. @throws HttpError 401 when it is not valid, or revoked already */
  async revoke(tenant: Tenant, token: string): Promise<void> {
    const claims = this.#refreshClaims(token, tenant);
    const { schema } = tenant;
    await this.database.tenantTransaction({ schema, userId: null }, async (transaction) => {
      if (!(await this.#revoke(transaction, token, claims))) throw invalidToken('Token is blacklisted');
      const notice: LogOutNotice = { schema, user: Number(claims.user_id) };
      await transaction.last(
        statement('SELECT pg_notify($1, $2)', [LOG_OUTS_CHANNEL, JSON.stringify(notice)]),
      );
    });
  }

  /** Whether a token of either kind is valid here. @throws HttpError 401 when it is not */
  async verify(tenant: Tenant, token: string): Promise<void> {
    const claims = this.#claims(token);
    checkTenant(claims, tenant, () => invalidToken('Token is invalid'));
    if (claims.token_type !== 'refresh') return;
    const query = statement<{ id: number }>(
      `SELECT b.id FROM token_blacklist_blacklistedtoken b
       JOIN token_blacklist_outstandingtoken o ON o.id = b.token_id WHERE o.jti = $1`,
      [claims.jti],
    );
    const rows = await this.database.tenantQuery({ schema: tenant.schema, userId: null }, query);
    if (rows.length > 0) throw invalidToken('Token is blacklisted');
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

  /** Puts a token on the blacklist; false when it is there already. */
  async #revoke(transaction: TenantTransaction, token: string, claims: ReadClaims): Promise<boolean> {
    // A token of a user who is gone, or whose row was cleaned up, still has to be remembered as used.
    const rows = await transaction.query(
      statement<{ id: number }>(
        `WITH outstanding AS (
           INSERT INTO token_blacklist_outstandingtoken (token, jti, expires_at, created_at)
           VALUES ($1, $2, to_timestamp($3), now())
           ON CONFLICT (jti) DO UPDATE SET jti = excluded.jti
           RETURNING id)
         INSERT INTO token_blacklist_blacklistedtoken (token_id, blacklisted_at)
         SELECT id, now() FROM outstanding
         ON CONFLICT (token_id) DO NOTHING
         RETURNING id`,
        [token, claims.jti, claims.exp],
      ),
    );
    return rows.length > 0;
  }

  async #issue(transaction: TenantTransaction, tenant: Tenant, account: Account): Promise<TokenPair> {
    const { email, username, groups } = account;
    const holder = { user_id: String(account.id), tid: tenantName(tenant), email, username, groups };
    const refresh = this.tokens.issue('refresh', holder);
    const access = this.tokens.issue('access', holder);
    const { jti, iat, exp } = refresh.claims;
    await transaction.last(statement(INSERT_OUTSTANDING, [refresh.token, jti, account.id, iat, exp]));
    return { refresh: refresh.token, access: access.token };
  }
}

function invalidToken(detail: string): HttpError {
  return unauthorized(detail, { code: 'token_not_valid' });
}

function accountByName(username: string): Statement<Account> {
  return statement(`SELECT ${ACCOUNT_COLUMNS} FROM immigration_user u WHERE u.username = $1`, [username]);
}

function accountById(id: number): Statement<Account> {
  return statement(`SELECT ${ACCOUNT_COLUMNS} FROM immigration_user u WHERE u.id = $1`, [id]);
}

/**
 * Some user's stored password, always the same for the same name. Checked in place of an unknown user's, it makes
 * unknown names take as long as known ones, whatever mixture of formats a tenant has.
 */
function storedPasswordFor(username: string): Statement<{ password: string }> {
  return statement(
    `SELECT password FROM immigration_user WHERE password ~ '^(argon2|pbkdf2_sha256)[$]' ORDER BY id
     LIMIT 1 OFFSET (SELECT (hashtext($1) & 2147483647) % greatest(count(*), 1) FROM immigration_user
                     WHERE password ~ '^(argon2|pbkdf2_sha256)[$]')`,
    [username],
  );
}
