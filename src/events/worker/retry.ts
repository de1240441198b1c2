const LONGEST_WAIT = 3600;

/**
 * Returns the wait before a failed event is retried: 1 to 2 s, then 2 to 4 s, 4 to 8 s … one hour at most. The wait
 * grows each time and is random within its range, so that events that failed together do not come back together.
 * @param retries number of earlier retries
 * @param random from 0 to 1
 * @returns seconds
 */
export function retryDelay(retries: number, random = Math.random()): number {
  const shortest = Math.min(LONGEST_WAIT / 2, 2 ** retries);
  return shortest * (1 + random);
}
