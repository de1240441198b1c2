import { Semaphore } from '../platform/semaphore.js';

/** Fraction of the time left after which nothing more is begun, so that a check can tell what it has seen. */
const SHARE = 0.8;

interface InTime {
  readonly atOnce: number;
  /** The end of the check's time, as performance.now() counts it. */
  readonly until: number;
  readonly signal: AbortSignal;
}

/**
 * Runs a piece of work for each item, a few at once, until most of the check's time is over.
 * @param work must end when its signal is aborted
 * @returns the results, and the number of items that were not finished
 * @throws what `work` throws before that
 */
export async function forEachInTime<Item, Result>(
  items: readonly Item[],
  { atOnce, until, signal }: InTime,
  work: (item: Item, signal: AbortSignal) => Promise<Result>,
): Promise<{ results: Result[]; left: number }> {
  const places = new Semaphore(atOnce);
  const over = new AbortController();
  const end = () => over.abort();
  const timer = setTimeout(end, SHARE * (until - performance.now()));
  signal.addEventListener('abort', end, { once: true });
  try {
    const results = await Promise.all(
      items.map((item) =>
        places.run(async () => {
          if (over.signal.aborted) return [];
          try {
            return [await work(item, over.signal)];
          } catch (error) {
            if (over.signal.aborted) return [];
            throw error;
          }
        }),
      ),
    );
    const finished = results.flat();
    return { results: finished, left: items.length - finished.length };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
  }
}
