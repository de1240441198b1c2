const ATTEMPTS = 6;

/** Returns the processor time that `work` takes in this process, in milliseconds. */
export async function cpuOf(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/**
 * Returns the least of several measurements, since other work on the machine only adds to them; the first that is below
 * the limit is the last.
 */
export async function leastOf(measure: () => Promise<number>, limit: number): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < ATTEMPTS && least >= limit; attempt++)
    least = Math.min(least, await measure());
  return least;
}
