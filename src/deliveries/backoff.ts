/** After this many attempts a delivery has failed for good. */
export const MOST_ATTEMPTS = 10;

const FIRST_S = 5;
const FACTOR = 3;
const LONGEST_S = 6 * 3600;
const JITTER = 0.2;

/**
 * Seconds until the next attempt: 5 s, 15 s, 45 s … 6 h, each up to a fifth more or less, so that what failed together
 * does not come back together. Ten attempts take about ten hours.
 * @param failed how many attempts have failed
 * @param atLeast what the receiver asked for (Retry-After), in seconds; heeded up to the longest wait
 */
export function secondsUntilNext(failed: number, atLeast = 0, random: () => number = Math.random): number {
  const wait = Math.min(LONGEST_S, FIRST_S * FACTOR ** (failed - 1));
  const jittered = wait * (1 - JITTER + 2 * JITTER * random());
  return Math.min(LONGEST_S, Math.max(jittered, atLeast));
}
