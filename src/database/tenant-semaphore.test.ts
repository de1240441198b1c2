import { describe, expect, it } from 'vitest';
import { NO_TENANT, TenantSemaphore } from './tenant-semaphore.js';

const soon = () => new Promise((resolve) => setImmediate(resolve));

/** Requests this many permits for a tenant and takes all that are given at once. */
async function takeAll(semaphore: TenantSemaphore, tenant: string, asked: number) {
  const ends: (() => void)[] = [];
  for (let i = 0; i < asked; i++) {
    semaphore.acquire(tenant).then(
      (end) => ends.push(end),
      () => undefined,
    );
  }
  await soon();
  return ends;
}

describe('the semaphore of connections', () => {
  it.each([
    { size: 1, mosts: [1, 0, 0] },
    { size: 2, mosts: [2, 0, 0] },
    { size: 3, mosts: [1, 1, 0] },
    { size: 5, mosts: [3, 1, 0] },
    { size: 10, mosts: [6, 2, 1] },
    { size: 20, mosts: [14, 3, 1] },
  ])(
    'of $size: tenants that give none back have $mosts, and the program itself one',
    async ({ size, mosts }) => {
      const semaphore = new TenantSemaphore({ size, within: 100, leavesSome: true });
      const ends: (() => void)[][] = [];
      for (const [tenant] of mosts.entries()) ends.push(await takeAll(semaphore, `tenant_${tenant}`, 50));
      expect(ends.map(({ length }) => length)).toEqual(mosts);
      const own = await takeAll(semaphore, NO_TENANT, 1);
      expect(own).toHaveLength(size < 3 ? 0 : 1);
      for (const end of [...ends.flat(), ...own]) end();
    },
  );

  it('go round: a tenant with a long queue does not hold up one with a short one', async () => {
    const semaphore = new TenantSemaphore({ size: 1, within: 1_000 });
    const order: string[] = [];
    const use = async (tenant: string) => {
      const end = await semaphore.acquire(tenant);
      order.push(tenant);
      await soon();
      end();
    };
    await Promise.all(['a', 'a', 'a', 'a', 'b', 'b', 'c'].map(use));
    expect(order.join('')).toBe('aabcaba');
  });

  it('are never more than there are, and nobody is forgotten, whatever happens', async () => {
    let seed = 7;
    const random = (below: number) => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % below;
    };
    const size = 5;
    const semaphore = new TenantSemaphore({ size, within: 10_000, leavesSome: true });
    let used = 0;
    let most = 0;
    const use = async (tenant: string) => {
      const end = await semaphore.acquire(tenant);
      most = Math.max(most, ++used);
      for (let i = random(4); i > 0; i--) await soon();
      used--;
      end();
    };
    await Promise.all(Array.from({ length: 2_000 }, () => use(['', 'a', 'b', 'c'][random(4)] as string)));
    expect({ most, used, waiting: semaphore.waiting }).toEqual({ most: size, used: 0, waiting: 0 });
  });

  it('are refused to those who wait too long, and at once where too many wait', async () => {
    const semaphore = new TenantSemaphore({ size: 1, within: 50, mostWaiting: 2 });
    const end = await semaphore.acquire('a');
    const late = [semaphore.acquire('a'), semaphore.acquire('a')].map((turn) =>
      turn.catch((error: Error) => error.message),
    );
    await expect(semaphore.acquire('a')).rejects.toThrow('too many requests wait already');
    const other = semaphore.acquire('b').catch((error: Error) => error.message);
    expect(await Promise.all([...late, other])).toEqual(Array(3).fill('no connection came free in time'));
    expect(semaphore.waiting).toBe(0);
    end();
    (await semaphore.acquire('b'))();
  });
});
