const JITTER = 0.25;

/** Returns a time up to a quarter shorter or longer, so that processes that started together do not stay in step. */
export function jittered(time: number, random = Math.random()): number {
  return time * (1 - JITTER + 2 * JITTER * random);
}
