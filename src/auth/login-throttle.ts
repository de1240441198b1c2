import type { Config } from '../config/config.js';
import { type Statement, statement } from '../database/statement.js';
import { throttled } from '../http/errors.js';

/** How often an account, or an address, has failed in the present window. */
export interface Standing {
  readonly kind: 'account' | 'address';
  readonly failures: number;
  /** Seconds until the window ends. */
  readonly wait: number;
}

const LONGEST_KEY = 200;
const WAIT = `extract(epoch FROM f.window_started_at + make_interval(secs => $3) - now())::float8 AS wait`;
const IN_WINDOW = 'f.window_started_at > now() - make_interval(secs => $3)';

/**
 * Counts failed log-ins per account and per address, in the tenant's own table: so all processes share the counts,
 * and no tenant's attempts count for another. Only failures count; a window begins with the first of them.
 *
 * An attempt is to be checked before the password is, and again after: of many that were begun at the same moment no
 * more than the limit may learn whether their password was right.
 */
export class LoginThrottle {
  constructor(private readonly limits: Config['loginFailures']) {}

  /** Returns the statement that reads where this account and address stand. */
  standing(username: string, address: string): Statement<Standing> {
    return statement(
      `SELECT f.kind, f.failures, ${WAIT} FROM login_failure f
       WHERE ((f.kind = 'account' AND f.key = $1) OR (f.kind = 'address' AND f.key = $2)) AND ${IN_WINDOW}`,
      this.#parameters(username, address),
    );
  }

  /** @throws HttpError 429 when the limit is reached; @param rows what `standing` read */
  check(rows: readonly Standing[]): void {
    this.#refuse(rows, (failures, limit) => failures >= limit);
  }

  /** Returns the statement that counts one failure for both, and tells where they stand then. */
  failure(username: string, address: string): Statement<Standing> {
    return statement(
      `INSERT INTO login_failure AS f (kind, key, failures, window_started_at)
       VALUES ('account', $1, 1, now()), ('address', $2, 1, now())
       ON CONFLICT (kind, key) DO UPDATE SET
         failures = CASE WHEN ${IN_WINDOW} THEN f.failures + 1 ELSE 1 END,
         window_started_at = CASE WHEN ${IN_WINDOW} THEN f.window_started_at ELSE now() END
       RETURNING f.kind, f.failures, ${WAIT}`,
      this.#parameters(username, address),
    );
  }

  /** @throws HttpError 429 when this failure lies beyond the limit; @param rows what `failure` told */
  checkFailure(rows: readonly Standing[]): void {
    this.#refuse(rows, (failures, limit) => failures > limit);
  }

  /** Returns the statement that forgets an account's failures, for a log-in that succeeded. */
  forget(username: string): Statement {
    return statement(`DELETE FROM login_failure WHERE kind = 'account' AND key = $1`, [keyOf(username)]);
  }

  #refuse(rows: readonly Standing[], isOver: (failures: number, limit: number) => boolean): void {
    const limits = { account: this.limits.perAccount, address: this.limits.perAddress };
    const over = rows.filter(({ kind, failures }) => limits[kind] > 0 && isOver(failures, limits[kind]));
    if (over.length > 0) throw throttled(Math.max(...over.map(({ wait }) => wait)));
  }

  #parameters(username: string, address: string) {
    return [keyOf(username), keyOf(address), this.limits.window];
  }
}

function keyOf(text: string): string {
  return [...text.normalize('NFKC')].slice(0, LONGEST_KEY).join('');
}
