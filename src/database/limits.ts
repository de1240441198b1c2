/**
 * How long the program's statements may take, wait or leave a transaction open, by PostgreSQL's settings: a request never
 * needs more. Without limits whoever holds a lock holds the connections of all who wait for it, and so every tenant's.
 */
export const LIMITS = {
  statement_timeout: '30s',
  lock_timeout: '10s',
  idle_in_transaction_session_timeout: '60s',
} as const;

/** Milliseconds within which a connection must be made, and the database must give a sign of life when it is silent. */
export const ANSWERS_WITHIN_MS = 5_000;

/**
 * Time, in milliseconds, that a round trip may take beyond the limit of its statement, where only a timeout can tell
 * that no answer will come.
 */
export const ROUND_TRIP_MARGIN_MS = 5_000;
