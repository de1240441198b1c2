import { sql } from '../database/sql.js';
import type { Statement } from '../database/statement.js';
import { addressKey } from '../http/address-key.js';
import { isInWindow } from './count-window.js';

/** Seconds of a window. */
export const REQUEST_WINDOW = 3_600;

/** The number of requests of an address in the present window. */
export interface Requested {
  readonly requests: number;
  /** Seconds until the window ends. */
  readonly wait: number;
}

const LASTS = sql`make_interval(secs => ${sql.lit(REQUEST_WINDOW)})`;
const IN_WINDOW = isInWindow(sql`f.window_started_at`, LASTS);

/** Returns the statement that counts one request for a password of an address, and returns all of them in the hour. */
export function countRequest(address: string): Statement<Requested> {
  return sql<Requested>`
    INSERT INTO login_failure AS f (kind, key, failures, window_started_at)
    VALUES ('reset', ${addressKey(address).slice(0, 200)}, 1, now())
    ON CONFLICT (kind, key) DO UPDATE SET
      failures = CASE WHEN ${IN_WINDOW} THEN f.failures + 1 ELSE 1 END,
      window_started_at = CASE WHEN ${IN_WINDOW} THEN f.window_started_at ELSE now() END
    RETURNING f.failures AS requests,
      extract(epoch FROM f.window_started_at + ${LASTS} - now())::float8 AS wait`;
}
