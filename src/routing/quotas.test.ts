import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { HttpError } from '../http/errors.js';
import { type Quota, Quotas } from './quotas.js';

const NO_LIMIT: Quota = { perSecond: 0, atOnce: 0, bytes: 0 };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const response = () => new EventEmitter() as ServerResponse;

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
  test('five seconds’ worth may come at once, then as many as the limit', () => {
    const limited = quotas({ perSecond: 2 });
    const ask = (user = 1, schema = 'a') => refusal(() => limited.enter(schema, user, response()));
    for (let n = 0; n < 10; n++) expect(ask()).toBe(0);
    expect(ask()).toBe(1);
    vi.advanceTimersByTime(500);
    expect([ask(), ask()]).toEqual([0, 1]);
    expect([ask(2), ask(1, 'b')]).toEqual([0, 0]);
    vi.advanceTimersByTime(60_000);
    for (let n = 0; n < 10; n++) expect(ask()).toBe(0);
    expect(ask()).toBe(1);
  });

  test('of all users of a tenant together are limited, and another tenant’s are not', () => {
    const limited = quotas({ perSecond: 10 }, { perSecond: 2 });
    for (let user = 0; user < 10; user++) limited.enter('a', user, response());
    expect(refusal(() => limited.enter('a', 99, response()))).toBe(1);
    expect(refusal(() => limited.enter('b', 99, response()))).toBe(0);
  });
});

describe('requests under way', () => {
  test('are limited until earlier ones are answered; those that stay open do not count', () => {
    const limited = quotas({ atOnce: 2 });
    const open = [response(), response()];
    for (const one of open) limited.enter('a', 1, one);
    limited.enter('a', 2, response());
    expect(refusal(() => limited.enter('a', 1, response()))).toBe(1);
    open[0]?.emit('close');
    for (let n = 0; n < 3; n++) limited.enter('a', 3, response(), true);
    expect(refusal(() => limited.enter('a', 1, response()))).toBe(0);
    expect(refusal(() => limited.enter('a', 1, response()))).toBe(1);
  });
});

describe('bytes in memory', () => {
  test('of bodies are limited while they come, and those of unread answers keep further requests out', () => {
    const limited = quotas({ bytes: 100 });
    const [body, answer] = [response(), response()];
    const share = limited.enter('a', 1, body);
    share?.take(60);
    expect(refusal(() => share?.take(60))).toBe(1);
    body.emit('close');
    limited.enter('a', 1, answer)?.add(500);
    expect(refusal(() => limited.enter('a', 1, response()))).toBe(1);
    expect(refusal(() => limited.enter('a', 2, response()))).toBe(0);
    answer.emit('close');
    share?.add(1_000); // too late to count
    expect(refusal(() => limited.enter('a', 1, response()))).toBe(0);
  });
});

test('users and tenants that use nothing are forgotten', () => {
  const limited = quotas({ perSecond: 1, atOnce: 5 });
  const kept = response();
  limited.enter('kept', 1, kept);
  for (let n = 0; n < 5_000; n++) {
    const one = response();
    limited.enter(`t${n}`, 1, one);
    one.emit('close');
    vi.advanceTimersByTime(20);
  }
  expect(limited.size).toBeLessThan(2_100);
  for (let n = 0; n < 4; n++) limited.enter('kept', 1, response());
  expect(refusal(() => limited.enter('kept', 1, response()))).toBe(1);
});

test('without limits nothing is counted', () => {
  const unlimited = quotas({});
  expect([unlimited.enter('a', 1, response()), unlimited.size]).toEqual([null, 0]);
});
