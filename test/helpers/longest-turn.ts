import { closeSync, openSync, readSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Measures the longest time for which the event loop was held while something was done, in milliseconds: the processor's
 * time between two turns, which other programs on the machine do not prolong; where the system does not tell it, the time
 * that passed.
 */
export async function longestTurn<T>(
  work: () => Promise<T>,
): Promise<{ readonly longest: number; readonly result: T }> {
  const clock = threadClock();
  let longest = 0;
  let last = clock.now();
  let isOver = false;
  const look = () => {
    if (isOver) return;
    const now = clock.now();
    longest = Math.max(longest, now - last);
    last = clock.now();
    setImmediate(look);
  };
  setImmediate(look);
  try {
    const result = await work();
    look();
    return { longest, result };
  } finally {
    isOver = true;
    clock.close();
  }
}

/** Returns a clock of the time for which this thread has run. */
function threadClock(): { now(): number; close(): void } {
  try {
    const file = openSync('/proc/thread-self/schedstat', 'r');
    const buffer = Buffer.alloc(100);
    const now = () => {
      const length = readSync(file, buffer, 0, buffer.length, 0);
      return Number(buffer.toString('latin1', 0, length).split(' ', 1)[0]) / 1e6;
    };
    now();
    return { now, close: () => closeSync(file) };
  } catch {
    return { now: () => performance.now(), close: () => undefined };
  }
}

/** Waits this long; returns the longest time for which this process stood still meanwhile, both in milliseconds. */
export async function longestPause(milliseconds: number): Promise<number> {
  let longest = 0;
  let last = performance.now();
  for (const end = last + milliseconds; last < end; ) {
    await sleep(20);
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  }
  return longest;
}
