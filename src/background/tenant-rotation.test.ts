import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { TenantBackoff, TenantRotation, type TurnResult } from './tenant-rotation.js';

class Outage extends Error {}

/** Returns a rotation over amounts of work by tenant, each turn taking one. */
function rotationOver(work: Record<string, number>, mayServe = (_: string) => true) {
  const served: string[] = [];
  const errors: unknown[] = [];
  let reads = 0;
  const rotation = new TenantRotation({
    async readReady() {
      reads++;
      return Object.keys(work).filter((schema) => work[schema]! > 0);
    },
    mayServe: async (schema) => mayServe(schema),
    isOutage: (error) => error instanceof Outage,
    onError: (schema, error) => errors.push([schema, error]),
  });
  const serve = async (schema: string): Promise<TurnResult> => {
    served.push(schema);
    await sleep(1);
    work[schema]!--;
    return work[schema]! > 0 ? 'more' : 'done';
  };
  return { rotation, served, errors, serve, reads: () => reads };
}

describe('the rotation', () => {
  test('gives each tenant one turn before a second of any, until nothing is left', async () => {
    const { rotation, served, serve, reads } = rotationOver({ a: 3, b: 1, c: 2 });
    while (await rotation.serveNext(serve));
    expect(served).toEqual(['a', 'b', 'c', 'a', 'c', 'a']);
    expect(reads()).toBe(2);
  });

  test('looks who else has work while one has a great deal', async () => {
    const work: Record<string, number> = { a: 1_000 };
    const { rotation, served, serve } = rotationOver(work);
    await rotation.serveNext(serve);
    work.b = 1;
    while (!served.includes('b')) await rotation.serveNext(serve);
    expect(served.length).toBeLessThan(500); // each turn takes a millisecond at least
  });

  test('serves a tenant once at a time, however many workers share it', async () => {
    const work = { a: 5, b: 5 };
    const { rotation, serve } = rotationOver(work);
    const now: Record<string, number> = { a: 0, b: 0 };
    let most = 0;
    const worker = async () => {
      const careful = async (schema: string) => {
        most = Math.max(most, ++now[schema]!);
        expect(rotation.isServing).toBe(true);
        return await serve(schema).finally(() => now[schema]!--);
      };
      while (work.a + work.b > 0) if (!(await rotation.serveNext(careful))) await sleep(1);
    };
    await Promise.all([worker(), worker(), worker()]);
    expect([most, rotation.isServing, rotation.hasWaiting]).toEqual([1, false, false]);
  });

  test('leaves a tenant out whose turn failed or had nothing to do, and goes on with the others', async () => {
    const { rotation, served, errors, serve } = rotationOver({ a: 1, b: 1, c: 3 });
    const failing = async (schema: string) => {
      if (schema === 'c') return await serve(schema);
      served.push(schema);
      if (schema === 'b') return 'nothing' as const;
      throw new Error('broken');
    };
    while (await rotation.serveNext(failing));
    expect(served).toEqual(['a', 'b', 'c', 'c', 'c']);
    expect(errors).toEqual([['a', new Error('broken')]]);
    await vi.waitFor(async () => expect(await rotation.serveNext(serve)).toBe(true), { timeout: 30_000 });
    expect(served.at(-1)).toBe('a');
  });

  test('passes on an outage of the server, for which no tenant rests', async () => {
    const { rotation, served, errors, serve } = rotationOver({ a: 1 });
    await expect(rotation.serveNext(() => Promise.reject(new Outage()))).rejects.toThrow(Outage);
    expect(await rotation.serveNext(serve)).toBe(true);
    expect([served, errors]).toEqual([['a'], []]);
  });

  test('asks again for a tenant that has waited for its turn', async () => {
    const asked: string[] = [];
    const { rotation, served, serve } = rotationOver({ a: 1, b: 1, c: 1 }, (schema) => {
      asked.push(schema);
      return schema !== 'b';
    });
    await rotation.serveNext(serve);
    await sleep(300);
    await rotation.serveNext(serve);
    expect([asked, served]).toEqual([
      ['b', 'c'],
      ['a', 'c'],
    ]);
  });

  test('is not left with a tenant in service when asking fails', async () => {
    const { rotation, serve } = rotationOver({ a: 1, b: 1 }, () => {
      throw new Outage();
    });
    await rotation.serveNext(serve);
    await sleep(300);
    await expect(rotation.serveNext(serve)).rejects.toThrow(Outage);
    expect(rotation.isServing).toBe(false);
  });
});

describe('the backoff of tenants', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
  afterEach(() => void vi.useRealTimers());

  /** Expects that tenant `a` rests for this long and no longer, in milliseconds. */
  const rests = (backoff: TenantBackoff, time: number) => {
    vi.advanceTimersByTime(time - 1);
    expect(backoff.isResting('a'), `after ${time - 1} ms`).toBe(true);
    vi.advanceTimersByTime(1);
    expect(backoff.isResting('a'), `after ${time} ms`).toBe(false);
  };

  test('doubles with each failure in a row, up to a limit; a success ends it', () => {
    const backoff = new TenantBackoff(20, 50);
    for (const time of [20, 40, 50, 50]) {
      backoff.failed('a');
      backoff.failed('a'); // was begun before the tenant rested
      expect(backoff.resting()).toEqual(['a']);
      rests(backoff, time);
    }
    backoff.failed('a');
    backoff.succeeded('a');
    expect(backoff.isResting('a')).toBe(false);
    backoff.failed('a');
    rests(backoff, 20);
  });

  test('of one tenant is its own; one with nothing to do rests without a failure', () => {
    const backoff = new TenantBackoff(20, 50);
    backoff.pause('a');
    backoff.failed('b');
    expect(['a', 'b', 'c'].map((schema) => backoff.isResting(schema))).toEqual([true, true, false]);
    rests(backoff, 20);
    backoff.failed('a');
    rests(backoff, 20);
  });
});
