import { isInWindow } from '../auth/count-window.js';
import type { Config } from '../config/config.js';
import { sql } from '../database/sql.js';
import type { Statement } from '../database/statement.js';
import { addressKey } from '../http/address-key.js';
import { throttled } from '../http/errors.js';

/** The failures of one operator's name, or of one address, in the present window. */
interface Failures {
  readonly kind: 'account' | 'address';
  readonly failures: number;
  /** Seconds until the window ends. */
  readonly wait: number;
}

const LONGEST_KEY = 200;
const SWEPT_AT_ONCE = 100;

/**
 * Counts failed log-ins of operators by name and by address, wrong codes of the second factor included, with the limits of
 * tenants' log-ins. Only failures count; a window begins with the first of them.
 */
export class OperatorThrottle {
  constructor(private readonly limits: Config['loginFailures']) {}

  /** Returns the query for the failures that count. */
  standing(username: string, address: string): Statement<Failures> {
    return sql<Failures>`
      SELECT f.kind, f.failures, ${this.#wait} FROM public.operator_login_window f
      WHERE (f.kind, f.key) IN (('account', ${keyOf(username)}), ('address', ${keyOf(addressKey(address))}))
        AND ${this.#inWindow}`;
  }

  /** Checks the limits before a password or code is. @throws HttpError 429 when one is reached */
  check(rows: readonly Failures[]): void {
    this.#refuse(rows, (failures, limit) => failures >= limit);
  }

  /** Returns the statement that counts a failure, and returns the failures then. */
  failure(username: string, address: string): Statement<Failures> {
    return sql<Failures>`
      INSERT INTO public.operator_login_window AS f (kind, key, failures, window_started_at)
      VALUES ('account', ${keyOf(username)}, 1, now()), ('address', ${keyOf(addressKey(address))}, 1, now())
      ON CONFLICT (kind, key) DO UPDATE SET
        failures = CASE WHEN ${this.#inWindow} THEN f.failures + 1 ELSE 1 END,
        window_started_at = CASE WHEN ${this.#inWindow} THEN f.window_started_at ELSE now() END
      RETURNING f.kind, f.failures, ${this.#wait}`;
  }

  /** Checks the limits after a failure. @throws HttpError 429 when this one exceeds a limit */
  checkFailure(rows: readonly Failures[]): void {
    this.#refuse(rows, (failures, limit) => failures > limit);
  }

  /** Returns the statement that forgets the failures of whoever has logged in. */
  forgive(username: string): Statement {
    return sql`DELETE FROM public.operator_login_window WHERE kind = 'account' AND key = ${keyOf(username)}`;
  }

  /** Returns the statement that removes windows that are over; sent with each failure, so that few are left. */
  sweep(): Statement {
    return sql`
      DELETE FROM public.operator_login_window WHERE (kind, key) IN (
        SELECT f.kind, f.key FROM public.operator_login_window f
        WHERE f.window_started_at < now() - ${this.#window} LIMIT ${SWEPT_AT_ONCE} FOR UPDATE SKIP LOCKED)`;
  }

  #refuse(rows: readonly Failures[], isOver: (failures: number, limit: number) => boolean): void {
    const { perAccount, perAddress } = this.limits;
    const over = rows.filter(({ kind, failures }) => {
      const limit = kind === 'account' ? perAccount : perAddress;
      return limit > 0 && isOver(failures, limit);
    });
    if (over.length > 0) throw throttled(Math.max(...over.map(({ wait }) => wait)));
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

function keyOf(text: string): string {
  return [...text.trim().normalize('NFKC')].slice(0, LONGEST_KEY).join('');
}
