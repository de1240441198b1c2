import { expect, it } from 'vitest';
import { MOST_ATTEMPTS, secondsUntilNext } from './backoff.js';

it('waits 5 seconds, then three times as long each time, 6 hours at most', () => {
  const waits = Array.from({ length: MOST_ATTEMPTS - 1 }, (_, n) => secondsUntilNext(n + 1, 0, () => 0.5));
  expect(waits).toEqual([5, 15, 45, 135, 405, 1215, 3645, 10_935, 21_600]);
});

it('spreads by a fifth, and never beyond 6 hours', () => {
  expect(secondsUntilNext(1, 0, () => 0)).toBeCloseTo(4);
  expect(secondsUntilNext(1, 0, () => 1)).toBeCloseTo(6);
  expect(secondsUntilNext(9, 0, () => 1)).toBe(21_600);
});

it('waits at least as long as the receiver asks, up to 6 hours', () => {
  expect(secondsUntilNext(1, 100, () => 0.5)).toBe(100);
  expect(secondsUntilNext(4, 100, () => 0.5)).toBe(135);
  expect(secondsUntilNext(1, 999_999, () => 0.5)).toBe(21_600);
});
