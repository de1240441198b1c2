import type { Config } from '../config.js';
import { type Statement, statement } from '../database/statement.js';
import type { TenantTransaction } from '../database/tenant-transaction.js';
import { throttled } from '../http/errors.js';

interface Standing {
  readonly kind: 'account' | 'address';
  readonly failures: number;
  /** Seconds until the window ends. */
  readonly wait: number;
}

const LONGEST_KEY = 200;

/**
 * Counts failed log-ins per account and per address, in the tenant's own table: so all processes share the counts,
 * and no tenant's attempts count for another. Only failures count; a window begins with the first of them.
 */
export class LoginThrottle {
  constructor(private readonly limits: Config['loginFailures']) {}

  /** The statement that reads where this account and address stand. */
  standing(username: string, address: string): Statement<Standing> {
    return statement(
      `SELECT kind, failures, extract(epoch FROM window_started_at + make_interval(secs => $3) - now())::float8 AS wait
       FROM login_failure
       WHERE ((kind = 'account' AND key = $1) OR (kind = 'address' AND key = $2))
         AND window_started_at > now() - make_interval(secs => $3)`,
      [keyOf(username), keyOf(address), this.limits.window],
    );
  }

  /** @throws HttpError 429 when there were too many failures; @param rows what `standing` read */
  check(rows: readonly Standing[]): void {
    const limits = { account: this.limits.perAccount, address: this.limits.perAddress };
    const over = rows.filter(({ kind, failures }) => limits[kind] > 0 && failures >= limits[kind]);
    if (over.length > 0) throw throttled(Math.max(...over.map(({ wait }) => wait)));
  }

  /** Counts one failure for both. */
  async recordFailure(transaction: TenantTransaction, username: string, address: string): Promise<void> {
    await transaction.last(
      statement(
        `INSERT INTO login_failure AS f (kind, key, failures, window_started_at)
         VALUES ('account', $1, 1, now()), ('address', $2, 1, now())
         ON CONFLICT (kind, key) DO UPDATE SET
           failures = CASE WHEN f.window_started_at > now() - make_interval(secs => $3) THEN f.failures + 1 ELSE 1 END,
           window_started_at = CASE WHEN f.window_started_at > now() - make_interval(secs => $3)
             THEN f.window_started_at ELSE now() END`,
        [keyOf(username), keyOf(address), this.limits.window],
      ),
    );
  }

  /** The statement that forgets an account's failures, for a log-in that succeeded. */
  forget(username: string): Statement {
    return statement(`DELETE FROM login_failure WHERE kind = 'account' AND key = $1`, [keyOf(username)]);
  }
}

function keyOf(text: string): string {
  return [...text].slice(0, LONGEST_KEY).join('');
}
