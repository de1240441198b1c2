import type { Config } from '../config/config.js';
import { type Sql, sql } from '../database/sql.js';
import type { Statement } from '../database/statement.js';
import type { TenantTransaction } from '../database/tenant-transaction.js';
import { addressKey } from '../http/address-key.js';
import { throttled } from '../http/errors.js';
import type { ClientDevice } from './client-device.js';
import { isInWindow } from './count-window.js';
import { knownDevice } from './known-devices.js';

/**
 * The number of failures in the present window: of an account, or of an address here and at all tenants; of a known
 * device, or a known place, with one account.
 */
export interface Standing {
  readonly kind: 'account' | 'address' | 'anywhere' | 'device' | 'place';
  readonly failures: number;
  /** Seconds until the window ends. */
  readonly wait: number;
}

const LONGEST_KEY = 200;
const IS_COUNTED_BY_ADDRESS = sql<boolean>`NOT EXISTS (SELECT FROM known WHERE known.kind = 'device')`;

/**
 * Counts failed log-ins per account and per address, in the tenant's own table: so all processes share the counts, and
 * no tenant's attempts count for another, except that an address has a higher limit over all tenants too. Only failures
 * count; a window begins with the first of them. An attempt is checked before the password is, and again after: of many
 * concurrent attempts no more than the limit may learn whether their password was right.
 *
 * A device from which the user has logged in before has a count of its own instead of the account's, so that strangers'
 * guesses do not lock it out (OWASP's device cookies): by the token that it sends, and then not by its address either, or
 * else by its network and browser.
 */
export class LoginThrottle {
  /** @param knownDays days for which a device is known after it was last seen; 0: none is */
  constructor(
    private readonly limits: Config['loginFailures'],
    private readonly knownDays: number,
  ) {}

  /** Returns the statement that reads the failures that count for this account and client. */
  standing(username: string, client: ClientDevice): Statement<Standing> {
    return sql`
      WITH ${this.#counted(username, client)}
      SELECT f.kind, f.failures, ${this.#wait} FROM counted JOIN login_failure f USING (kind, key)
      WHERE ${this.#inWindow}
      UNION ALL
      SELECT 'anywhere', a.failures, a.wait
      FROM (SELECT WHERE ${IS_COUNTED_BY_ADDRESS}) counts
      CROSS JOIN LATERAL public.login_address_failures(${placeOf(client)}, ${this.#window}) a`;
  }

  /** Returns what is counted, by kind and key; in a fixed order, in which concurrent failures lock the rows. */
  #counted(username: string, client: ClientDevice): Sql {
    return sql`
      known AS MATERIALIZED (${knownDevice(username, client, this.knownDays)}),
      counted (kind, key) AS (
        SELECT 'account', ${keyOf(username)} WHERE NOT EXISTS (SELECT FROM known)
        UNION ALL SELECT 'address', ${placeOf(client)} WHERE ${IS_COUNTED_BY_ADDRESS}
        UNION ALL SELECT known.kind, known.key FROM known)`;
  }

  /**
   * Checks the limits before the password.
   * @param rows what `standing` read
   * @throws HttpError 429 when a limit is reached
   */
  check(rows: readonly Standing[]): void {
    this.#refuse(rows, (failures, limit) => failures >= limit);
  }

  /** Returns the statement that counts one failure, and returns the failures then. */
  failure(username: string, client: ClientDevice): Statement<Standing> {
    return sql`
      WITH ${this.#counted(username, client)}, here AS (
        INSERT INTO login_failure AS f (kind, key, failures, window_started_at)
        SELECT counted.kind, counted.key, 1, now() FROM counted
        ON CONFLICT (kind, key) DO UPDATE SET
          failures = CASE WHEN ${this.#inWindow} THEN f.failures + 1 ELSE 1 END,
          window_started_at = CASE WHEN ${this.#inWindow} THEN f.window_started_at ELSE now() END
        RETURNING f.kind, f.failures, ${this.#wait})
      SELECT kind, failures, wait FROM here
      UNION ALL
      SELECT 'anywhere', a.failures, a.wait
      FROM (SELECT WHERE ${IS_COUNTED_BY_ADDRESS}) counts
      CROSS JOIN LATERAL public.add_login_address_failure(${placeOf(client)}, ${this.#window}) a`;
  }

  /**
   * Checks the limits after a failure.
   * @param rows what `failure` returned
   * @throws HttpError 429 when this failure exceeds a limit
   */
  checkFailure(rows: readonly Standing[]): void {
    this.#refuse(rows, (failures, limit) => failures > limit);
  }

  /**
   * Returns what a failure has locked: it was the last one within the limit.
   * @param rows what `failure` returned
   */
  locksOf(rows: readonly Standing[]): Standing['kind'][] {
    return rows.filter(({ kind, failures }) => failures === this.#limitOf(kind)).map(({ kind }) => kind);
  }

  /**
   * Sends the statement that forgets the failures of whoever has now logged in: of the account, or only of the known
   * device, so that strangers do not gain guesses by the user's own log-ins.
   * @param rows what `standing` read
   */
  forgive(
    transaction: TenantTransaction,
    rows: readonly Standing[],
    username: string,
    client: ClientDevice,
  ): void {
    if (rows.some(({ kind }) => kind === 'account')) transaction.send(forgetUserFailures(username));
    if (rows.some(({ kind }) => kind === 'device' || kind === 'place')) {
      transaction.send(sql`
        DELETE FROM login_failure f USING (${knownDevice(username, client, this.knownDays)}) known
        WHERE f.kind = known.kind AND f.key = known.key`);
    }
  }

  #refuse(rows: readonly Standing[], isOver: (failures: number, limit: number) => boolean): void {
    const over = rows.filter(({ kind, failures }) => {
      const limit = this.#limitOf(kind);
      return limit > 0 && isOver(failures, limit);
    });
    if (over.length > 0) throw throttled(Math.max(...over.map(({ wait }) => wait)));
  }

  /** Returns the limit of failures; 0 for none. */
  #limitOf(kind: Standing['kind']): number {
    const { perAccount, perAddress, perAddressAnywhere } = this.limits;
    const limits = { account: perAccount, device: perAccount, place: perAccount };
    return { ...limits, address: perAddress, anywhere: perAddressAnywhere }[kind];
  }

  get #window() {
    return sql`make_interval(secs => ${this.limits.window})`;
  }

  get #inWindow() {
    return isInWindow(sql`f.window_started_at`, this.#window);
  }

  get #wait() {
    return sql`extract(epoch FROM f.window_started_at + ${this.#window} - now())::float8 AS wait`;
  }
}

/** Returns the statement that ends the lock of a user, from wherever. */
export function forgetUserFailures(username: string): Statement {
  return sql`
    DELETE FROM login_failure f WHERE (f.kind = 'account' AND f.key = ${keyOf(username)})
      OR (f.kind IN ('device', 'place')
          AND f.key LIKE (SELECT u.id || ':%' FROM immigration_user u WHERE u.username = ${username}))`;
}

/** Returns the key of an address, which a proxy may have named with any text. */
function placeOf({ address }: ClientDevice): string {
  return keyOf(addressKey(address));
}

function keyOf(text: string): string {
  return [...text.normalize('NFKC')].slice(0, LONGEST_KEY).join('');
}
