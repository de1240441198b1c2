import { expect, test } from 'vitest';
import { RemainingTime } from './remaining-time.js';

test('the rest is estimated from the pace since the first count', () => {
  const remaining = new RemainingTime();
  const told = [
    [0, 0],
    [10, 1_000],
    [10, 4_000],
    [100, 20_000],
    [900, 180_000],
    [1_000, 200_000],
  ].map(([done, now]) => remaining.note(done!, 1_000, now));
  expect(told).toEqual(['', '', ', 7 min left', ', 3 min left', ', 20 s left', '']);
  remaining.reset();
  expect([remaining.note(900, 1_000, 0), remaining.note(901, 1_000, 360_000)]).toEqual(['', ', 10 h left']);
});
