import type { Config } from '../config/config.js';
import { sql } from '../database/sql.js';
import type { Statement } from '../database/statement.js';
import { addressKey } from '../http/address-key.js';
import { throttled } from '../http/errors.js';

/** The number of failures in the present window: of an account, or of an address here and at all tenants. */
export interface Standing {
  readonly kind: 'account' | 'address' | 'anywhere';
  readonly failures: number;
  /** Seconds until the window ends. */
  readonly wait: number;
}

const LONGEST_KEY = 200;

/**
 * Counts failed log-ins per account and per address, in the tenant's own table: so all processes share the counts, and
 * no tenant's attempts count for another, except that an address has a higher limit over all tenants too. Only failures count; a window begins with the first of them. An attempt is
 * checked before the password is, and again after: of many concurrent attempts no more than the limit may learn whether
 * their password was right.
 */
export class LoginThrottle {
  constructor(private readonly limits: Config['loginFailures']) {}

  /** Returns the statement that reads the failures of this account and address. */
  standing(username: string, address: string): Statement<Standing> {
    return sql`
      SELECT f.kind, f.failures, ${this.#wait} FROM login_failure f
      WHERE ((f.kind = 'account' AND f.key = ${keyOf(username)}) OR (f.kind = 'address' AND f.key = ${placeOf(address)}))
        AND ${this.#inWindow}
      UNION ALL
      SELECT 'anywhere', a.failures, a.wait FROM public.login_address_failures(${placeOf(address)}, ${this.#window}) a`;
  }

  /**
   * Checks the limits before the password.
   * @param rows what `standing` read
   * @throws HttpError 429 when a limit is reached
   */
  check(rows: readonly Standing[]): void {
    this.#refuse(rows, (failures, limit) => failures >= limit);
  }

  /** Returns the statement that counts one failure for account and address, and returns their failures then. */
  failure(username: string, address: string): Statement<Standing> {
    return sql`
      WITH here AS (
        INSERT INTO login_failure AS f (kind, key, failures, window_started_at)
        VALUES ('account', ${keyOf(username)}, 1, now()), ('address', ${placeOf(address)}, 1, now())
        ON CONFLICT (kind, key) DO UPDATE SET
          failures = CASE WHEN ${this.#inWindow} THEN f.failures + 1 ELSE 1 END,
          window_started_at = CASE WHEN ${this.#inWindow} THEN f.window_started_at ELSE now() END
        RETURNING f.kind, f.failures, ${this.#wait})
      SELECT kind, failures, wait FROM here
      UNION ALL
      SELECT 'anywhere', a.failures, a.wait FROM public.add_login_address_failure(${placeOf(address)}, ${this.#window}) a`;
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

  /** Returns the statement that forgets an account's failures after a successful log-in. */
  forget(username: string): Statement {
    return forgetUserFailures(username);
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
    return { account: perAccount, address: perAddress, anywhere: perAddressAnywhere }[kind];
  }

  get #window() {
    return sql`make_interval(secs => ${this.limits.window})`;
  }

  get #inWindow() {
    return sql`f.window_started_at > now() - ${this.#window}`;
  }

  get #wait() {
    return sql`extract(epoch FROM f.window_started_at + ${this.#window} - now())::float8 AS wait`;
  }
}

/** Returns the statement that ends the lock of a user. */
export function forgetUserFailures(username: string): Statement {
  return sql`DELETE FROM login_failure WHERE kind = 'account' AND key = ${keyOf(username)}`;
}

/** Returns the key of an address, which a proxy may have named with any text. */
function placeOf(address: string): string {
  return keyOf(addressKey(address));
}

function keyOf(text: string): string {
  return [...text.normalize('NFKC')].slice(0, LONGEST_KEY).join('');
}
