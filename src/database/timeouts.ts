/**
 * How long the program's statements may take, wait or leave a transaction open, by PostgreSQL's settings: a request never
 * needs more. Without limits whoever holds a lock holds the connections of all who wait for it, and so every tenant's.
 */
export const TIMEOUTS = {
  statement_timeout: '30s',
  lock_timeout: '10s',
  idle_in_transaction_session_timeout: '60s',
} as const;

/** Timeout for connecting, and for a sign of life from a silent database, in milliseconds. */
export const ANSWERS_WITHIN_MS = 5_000;

/**
 * Time, in milliseconds, that a round trip may take beyond the limit of its statement, where only a timeout can tell
 * that no answer will come.
 */
export const ROUND_TRIP_MARGIN_MS = 5_000;
