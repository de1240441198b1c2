import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { HttpError } from '../http/errors.js';
import { type Quota, Quotas } from './quotas.js';

const NO_LIMIT: Quota = { perSecond: 0, atOnce: 0, heavyAtOnce: 0, bytes: 0 };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

function quotas(user: Partial<Quota>, tenant: Partial<Quota> = {}) {
  return new Quotas({ user: { ...NO_LIMIT, ...user }, tenant: { ...NO_LIMIT, ...tenant } });
}

/** Returns the seconds after which a refused user may try again; 0 where none is refused. */
function refusal(work: () => unknown): number {
  try {
    work();
    return 0;
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    expect(error.status).toBe(429);
    return Number(error.headers['retry-after']);
  }
}

describe('requests per second', () => {
  test('five seconds’ worth may come at once, then as many as the limit, while others ask too', () => {
    const limited = quotas({ perSecond: 2 });
    const ask = (user = 1, schema = 'a') => refusal(() => limited.enter(schema, user));
    expect(ask(2)).toBe(0);
    for (let n = 0; n < 10; n++) expect(ask()).toBe(0);
    expect(ask()).toBe(1);
    vi.advanceTimersByTime(500);
    expect([ask(), ask()]).toEqual([0, 1]);
    expect([ask(2), ask(1, 'b')]).toEqual([0, 0]);
    vi.advanceTimersByTime(60_000);
    expect(ask(2)).toBe(0);
    for (let n = 0; n < 10; n++) expect(ask()).toBe(0);
    expect(ask()).toBe(1);
  });

  test('of one user are not limited while nobody else asks', () => {
    const limited = quotas({ perSecond: 2 }, { perSecond: 2 });
    const ask = (user: number, schema = 'a') => refusal(() => limited.enter(schema, user));
    for (let n = 0; n < 1_000; n++) expect(ask(1)).toBe(0);
    expect([ask(2, 'b'), ask(1)]).toEqual([0, 1]);
    vi.advanceTimersByTime(10_000);
    for (let n = 0; n < 1_000; n++) expect(ask(1)).toBe(0);
  });

  test('of several who ask alike are not limited', () => {
    const limited = quotas({ perSecond: 2 }, { perSecond: 2 });
    for (let n = 0; n < 1_000; n++)
      for (const schema of ['a', 'b', 'c']) expect(refusal(() => limited.enter(schema, n % 4))).toBe(0);
  });

  test('of all users of a tenant together are limited, and another tenant’s are not', () => {
    const limited = quotas({ perSecond: 10 }, { perSecond: 2 });
    expect(refusal(() => limited.enter('b', 99))).toBe(0);
    for (let user = 0; user < 10; user++) limited.enter('a', user);
    expect(refusal(() => limited.enter('a', 99))).toBe(1);
    expect(refusal(() => limited.enter('b', 99))).toBe(0);
  });
});

describe('requests under way', () => {
  test('are limited until earlier ones are answered; those that stay open do not count', () => {
    const limited = quotas({ atOnce: 2 });
    const open = [limited.enter('a', 1), limited.enter('a', 1)];
    limited.enter('a', 2);
    expect(refusal(() => limited.enter('a', 1))).toBe(1);
    open[0]?.release();
    for (let n = 0; n < 3; n++) limited.enter('a', 3, 'open');
    expect(refusal(() => limited.enter('a', 1))).toBe(0);
    expect(refusal(() => limited.enter('a', 1))).toBe(1);
  });

  test('that are heavy work have a limit of their own', () => {
    const limited = quotas({ heavyAtOnce: 1 }, { heavyAtOnce: 2 });
    const heavy = (user: number) => refusal(() => limited.enter('a', user, 'heavy'));
    const first = limited.enter('a', 1, 'heavy');
    expect([heavy(1), heavy(2), heavy(3)]).toEqual([1, 0, 1]);
    expect(refusal(() => limited.enter('a', 1))).toBe(0);
    first?.release();
    expect([heavy(3), heavy(1)]).toEqual([0, 1]);
  });

  test('are heavy work with a large body that is parsed, and not with a file', () => {
    const limited = quotas({ heavyAtOnce: 1 });
    const [one, other, third] = [limited.enter('a', 1), limited.enter('a', 1), limited.enter('a', 1)];
    one?.take(300_000, true);
    expect(refusal(() => other?.take(300_000, true))).toBe(1);
    expect(refusal(() => third?.take(300_000, false))).toBe(0);
    one?.release();
    expect(refusal(() => other?.take(1, true))).toBe(0);
    expect(refusal(() => limited.enter('a', 1, 'heavy'))).toBe(1);
  });
});

describe('bytes in memory', () => {
  test('of bodies are limited while they come, and those of unread answers keep further requests out', () => {
    const limited = quotas({ bytes: 100 });
    const share = limited.enter('a', 1);
    share?.take(60, true);
    expect(refusal(() => share?.take(60, true))).toBe(1);
    share?.release();
    const answer = limited.enter('a', 1);
    answer?.add(500);
    expect(refusal(() => limited.enter('a', 1))).toBe(1);
    expect(refusal(() => limited.enter('a', 2))).toBe(0);
    answer?.release();
    share?.add(1_000); // too late to count
    expect(refusal(() => limited.enter('a', 1))).toBe(0);
  });
});

test('10 kB of a body count as one request more, and 100 kB of a file', () => {
  for (const [bytes, isParsed] of [
    [480_000, true],
    [4_800_000, false],
  ] as const) {
    const limited = quotas({ perSecond: 10 });
    limited.enter('a', 2);
    limited.enter('a', 1)?.take(bytes, isParsed);
    expect([1, 2].map(() => refusal(() => limited.enter('a', 1)))).toEqual([0, 1]);
  }
});

test('users and tenants that use nothing are forgotten', () => {
  const limited = quotas({ perSecond: 1, atOnce: 5 });
  limited.enter('kept', 1);
  for (let n = 0; n < 5_000; n++) {
    limited.enter(`t${n}`, 1)?.release();
    vi.advanceTimersByTime(20);
  }
  expect(limited.size).toBeLessThan(2_100);
  for (let n = 0; n < 4; n++) limited.enter('kept', 1);
  expect(refusal(() => limited.enter('kept', 1))).toBe(1);
});

test('without limits nothing is counted', () => {
  const unlimited = quotas({});
  expect([unlimited.enter('a', 1), unlimited.size]).toEqual([null, 0]);
});
