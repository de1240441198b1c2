import { Semaphore } from '../platform/semaphore.js';

/** Fraction of a check's time after which it begins nothing more, so that it can tell what it has seen. */
const SHARE = 0.8;

interface InTime {
  readonly atOnce: number;
  /** The time of the check, in milliseconds. */
  readonly within: number;
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
  { atOnce, within, signal }: InTime,
  work: (item: Item, signal: AbortSignal) => Promise<Result>,
): Promise<{ results: Result[]; left: number }> {
  const places = new Semaphore(atOnce);
  const over = new AbortController();
  const end = () => over.abort();
  const timer = setTimeout(end, SHARE * within);
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
