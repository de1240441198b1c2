/** After this many attempts a delivery has failed for good. */
export const MOST_ATTEMPTS = 10;

const FIRST_S = 5;
const FACTOR = 3;
export const LONGEST_DELIVERY_WAIT_S = 6 * 3600;
const JITTER = 0.2;

/**
 * Returns the seconds until the next attempt: 5 s, 15 s, 45 s … 6 h, each with up to a fifth of jitter, so that
 * deliveries which failed together do not come back together. Ten attempts take about ten hours.
 * @param failed number of failed attempts
 * @param atLeast what the receiver asked for (Retry-After), in seconds; honoured up to the longest wait
 */
export function secondsUntilNext(failed: number, atLeast = 0, random: () => number = Math.random): number {
  const wait = Math.min(LONGEST_DELIVERY_WAIT_S, FIRST_S * FACTOR ** (failed - 1));
  const jittered = wait * (1 - JITTER + 2 * JITTER * random());
  return Math.min(LONGEST_DELIVERY_WAIT_S, Math.max(jittered, atLeast));
}
