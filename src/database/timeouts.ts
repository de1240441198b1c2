/**
 * Limits on how long the program's statements may run, wait for locks or leave a transaction open, by PostgreSQL
 * setting: a request never needs more. Without limits the holder of a lock holds the connections of all who wait for
 * it, and so every tenant's.
 */
export const TIMEOUTS = {
  statement_timeout: '30s',
  lock_timeout: '10s',
  idle_in_transaction_session_timeout: '60s',
} as const;

/** Timeout for connecting, and for a sign of life from a silent database, in milliseconds. */
export const ANSWERS_WITHIN_MS = 5_000;

/**
 * Time that a round trip may take beyond the limit of its statement, in milliseconds, where only a timeout can tell
 * that no answer will come.
 */
export const ROUND_TRIP_MARGIN_MS = 5_000;
