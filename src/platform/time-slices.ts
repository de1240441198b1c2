import { setImmediate } from 'node:timers/promises';

/** Time for which work may hold the event loop before other work gets a turn, in milliseconds. */
const SLICE_MS = 10;

/** Divides work into slices by time, so that it does not hold up everything else, however much there is of it. */
export class TimeSlices {
  #began = performance.now();

  /** Whether the work has had its time, and should await `next()`. */
  get isOver(): boolean {
    return performance.now() - this.#began >= SLICE_MS;
  }

  /** Lets other work run; then the next slice begins. */
  async next(): Promise<void> {
    await setImmediate();
    this.#began = performance.now();
  }
}

/** Maps items as `items.map(map)` does, with a turn for other work whenever a slice is over. */
export async function mapInSlices<T, U>(items: Iterable<T>, map: (item: T) => U): Promise<U[]> {
  const slices = new TimeSlices();
  const mapped: U[] = [];
  for (const item of items) {
    mapped.push(map(item));
    if (slices.isOver) await slices.next();
  }
  return mapped;
}
