import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { HttpError } from '../http/errors.js';
import { type PasswordAsker, PasswordWork, type PasswordWorkLimits } from './password-work.js';

const LIMITS = { atOnce: 2, waiting: 10, waitingPerTenant: 6, waitingPerAddress: 4 };

/** Returns work whose pieces end when the test says so; notes in which order they begin and are refused. */
function workshop(limits: Partial<PasswordWorkLimits> = {}, within?: number) {
  const work = new PasswordWork(within);
  work.setLimits({ ...LIMITS, ...limits });
  const begun: string[] = [];
  const refused: string[] = [];
  const under: (() => void)[] = [];
  const ask = (name: string, asker?: PasswordAsker) =>
    work
      .run(() => {
        begun.push(name);
        return new Promise<void>((resolve) => under.push(resolve));
      }, asker)
      .catch((error: unknown) => {
        if (!(error instanceof HttpError)) throw error;
        refused.push(`${name} ${error.status}`);
        expect(Number(error.headers['retry-after'])).toBeGreaterThan(0);
      });
  return {
    ask,
    begun,
    refused,
    /** Ends the oldest piece, and lets the next begin. */
    async end() {
      under.shift()?.();
      await turn();
    },
    async endAll() {
      while (under.length > 0) await this.end();
    },
  };
}

const at = (tenant: string, address = '192.0.2.1') => ({ tenant, address });

describe('password work', () => {
  test('goes on this many at once, and also after failures', async () => {
    const work = new PasswordWork();
    work.setLimits(LIMITS);
    let now = 0;
    let most = 0;
    const piece = async () => {
      most = Math.max(most, ++now);
      await turn();
      now--;
      throw new Error('failed');
    };
    const all = await Promise.allSettled(Array.from({ length: 20 }, () => work.run(piece)));
    expect(all.every(({ status }) => status === 'rejected')).toBe(true);
    expect(most).toBe(2);
    expect(await work.run(async () => 'done')).toBe('done');
  });

  test('of another tenant and address comes next, however much of one waits', async () => {
    const shop = workshop();
    for (let n = 1; n <= 6; n++) void shop.ask(`flood ${n}`, at('a'));
    void shop.ask('other', at('b', '192.0.2.2'));
    await shop.end();
    expect(shop.begun).toEqual(['flood 1', 'flood 2', 'other']);
    await shop.endAll();
    expect(shop.begun.length).toBe(7);
  });

  test('of an address that is at many tenants lets another address go first', async () => {
    const shop = workshop({ waitingPerAddress: 0 });
    for (const tenant of ['a', 'b', 'c', 'd', 'e']) void shop.ask(`spray ${tenant}`, at(tenant));
    void shop.ask('other', at('e', '192.0.2.2'));
    await shop.end();
    expect(shop.begun).toEqual(['spray a', 'spray b', 'other']);
    await shop.endAll();
  });

  test('alternates between tenants, and in each between addresses', async () => {
    const shop = workshop({ atOnce: 1 });
    void shop.ask('first', at('z', '192.0.2.9'));
    for (const [tenant, n] of [
      ['a', 1],
      ['a', 1],
      ['a', 2],
      ['b', 3],
      ['b', 3],
    ] as const) {
      void shop.ask(`${tenant}${n}`, at(tenant, `192.0.2.${n}`));
    }
    await shop.endAll();
    expect(shop.begun).toEqual(['first', 'a1', 'b3', 'a2', 'b3', 'a1']);
  });

  test('of one address is refused beyond its limit, addresses of one /64 counted as one', async () => {
    const shop = workshop();
    for (let n = 1; n <= 8; n++) void shop.ask(String(n), at(`t${n % 2}`, `2001:db8::${n}`));
    await turn();
    expect(shop.refused).toEqual(['7 429', '8 429']);
    await shop.endAll();
    expect(shop.begun).toEqual(['1', '2', '3', '4', '5', '6']);
  });

  test('of one tenant is refused beyond its limit, of the address with most of it', async () => {
    const shop = workshop();
    for (let n = 1; n <= 6; n++) void shop.ask(`flood ${n}`, at('a'));
    for (let n = 1; n <= 3; n++) void shop.ask(`other ${n}`, at('a', `192.0.2.1${n}`));
    await turn();
    expect(shop.refused).toEqual(['flood 6 429']);
    for (let n = 4; n <= 6; n++) void shop.ask(`other ${n}`, at('a', `192.0.2.1${n}`));
    await turn();
    expect(shop.refused.sort()).toEqual(['flood 4 429', 'flood 5 429', 'flood 6 429', 'other 6 429']);
    await shop.endAll();
  });

  test('of the whole process is refused beyond its limit, of the tenant with most of it, or with 503', async () => {
    const shop = workshop({ waiting: 6 });
    void shop.ask('', at('x'));
    void shop.ask('', at('x'));
    for (let n = 1; n <= 4; n++) void shop.ask(`flood ${n}`, at('a', '192.0.2.2'));
    for (const tenant of ['b', 'c', 'd', 'e', 'f', 'g'])
      void shop.ask(tenant, at(tenant, `192.0.2.${tenant}`));
    await turn();
    expect(shop.refused.sort()).toEqual(['flood 2 429', 'flood 3 429', 'flood 4 429', 'g 503']);
    await shop.endAll();
  });

  test('that does not come to its turn in time is refused', async () => {
    const shop = workshop({ atOnce: 1 }, 20);
    void shop.ask('slow', at('a'));
    await shop.ask('late', at('a'));
    expect(shop.refused).toEqual(['late 429']);
    await shop.endAll();
    expect(shop.begun).toEqual(['slow']);
  });

  test('of commands waits without limits', async () => {
    const shop = workshop({ atOnce: 1 });
    for (let n = 0; n < 30; n++) void shop.ask(String(n));
    await shop.endAll();
    expect([shop.begun.length, shop.refused]).toEqual([30, []]);
  });
});
