import { expect, it } from 'vitest';
import { LineLimit } from './line-limit.js';

it('lets a number of lines per minute through, and tells how many were left out', () => {
  const limit = new LineLimit(2);
  expect([0, 1, 2, 3, 59_999].map((now) => limit.take(now))).toEqual([0, 0, null, null, null]);
  expect(limit.take(60_000)).toBe(3);
  expect(limit.take(60_001)).toBe(0);
  expect(limit.take(60_002)).toBeNull();
});

it('with 0 lets all through', () => {
  const limit = new LineLimit(0);
  expect(Array.from({ length: 100 }, () => limit.take(0))).toEqual(Array(100).fill(0));
});
