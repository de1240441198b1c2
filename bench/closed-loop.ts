import { setTimeout as sleep } from 'node:timers/promises';
import { type CpuTimes, cpuTimes, type Watched } from './processes.js';

/** The result of one measurement. */
export interface Sample {
  readonly perSecond: number;
  /** Durations, in milliseconds. */
  readonly latencies: Float64Array;
  /** Milliseconds of processor time for each: of the watched processes, and of the measuring one. */
  readonly cpu: CpuTimes & { readonly own: number };
}

export interface LoopOptions {
  /** Duration of the measurement, after the warm-up. */
  readonly seconds: number;
  readonly watched: Watched;
}

const WARM_UP_MS = 150;

/**
 * Repeats each of these steps, all at once, and counts: each begins anew when its last run is done. Counting starts
 * when all have run once; returns when none runs any more.
 * @throws what a step throws
 */
export async function closedLoop(
  steps: readonly (() => Promise<void>)[],
  { seconds, watched }: LoopOptions,
): Promise<Sample> {
  const latencies: number[] = [];
  let phase: 'warming up' | 'counting' | 'ending' = 'warming up';

  const loop = async (step: () => Promise<void>): Promise<void> => {
    while (phase !== 'ending') {
      const begun = performance.now();
      await step();
      if (phase === 'counting') latencies.push(performance.now() - begun);
    }
  };
  await Promise.all(steps.map((step) => step()));
  const running = Promise.all(steps.map(loop));
  const failed = running.then(() => undefined); // it ends early only by failing
  await Promise.race([sleep(WARM_UP_MS), failed]);

  const before = { watched: cpuTimes(watched), own: process.cpuUsage(), at: performance.now() };
  phase = 'counting';
  await Promise.race([sleep(seconds * 1000), failed]);
  const count = latencies.length;
  const elapsed = performance.now() - before.at;
  const after = { watched: cpuTimes(watched), own: process.cpuUsage(before.own) };
  phase = 'ending';
  await running;

  const each = (from: number | null, to: number | null) =>
    from === null || to === null || count === 0 ? null : (to - from) / count;
  return {
    perSecond: (count / elapsed) * 1000,
    latencies: Float64Array.from(latencies.slice(0, count)),
    cpu: {
      node: each(before.watched.node, after.watched.node),
      postgres: each(before.watched.postgres, after.watched.postgres),
      own: (after.own.user + after.own.system) / 1000 / Math.max(count, 1),
    },
  };
}
