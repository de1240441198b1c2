const LONGEST_WAIT = 3600;
const JITTER = 0.25;

/**
 * How long a failed event waits until it is tried again: 1 s, 2 s, 4 s … one hour at most, each up to a quarter
 * shorter or longer, so that what failed together does not come back together.
 * @param retries how often it was tried again before
 * @param random from 0 to 1
 * @returns seconds
 */
export function retryDelay(retries: number, random = Math.random()): number {
  return jittered(Math.min(LONGEST_WAIT, 2 ** retries), random);
}

/** A time up to a quarter shorter or longer. */
export function jittered(time: number, random = Math.random()): number {
  return time * (1 - JITTER + 2 * JITTER * random);
}
