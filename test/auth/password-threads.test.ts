import { readFile } from 'node:fs/promises';
import { setImmediate as turn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { deflateRaw } from 'node:zlib';
import { expect, test } from 'vitest';
import { hashPassword, verifyPassword } from '../../src/auth/passwords.js';

// Passwords are checked on the threads that files, name lookups and compression need too (libuv's, four by default).
// However many checks wait, some threads are left for those, and the event loop takes its turns. Without the limit on
// checks at once, each of them waits for all checks that were asked for before it.

const CHECKS = 16;
const deflate = promisify(deflateRaw);

/** Returns the milliseconds that it takes. */
async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

/** Takes times of small work while passwords are checked, until the last check has ended. */
async function whileChecking(stored: string) {
  const asker = { tenant: 'tenant_a', address: '192.0.2.1' };
  let left = CHECKS;
  const begun = performance.now();
  const checks = Promise.all(
    Array.from({ length: CHECKS }, () => verifyPassword('wrong', stored, asker).finally(() => left--)),
  );
  const pool: number[] = [];
  const loop: number[] = [];
  while (left > 0) {
    loop.push(await timed(() => turn()));
    pool.push(await timed(() => readFile(new URL(import.meta.url))));
    pool.push(await timed(() => deflate('a'.repeat(100))));
  }
  expect(await checks).toEqual(Array(CHECKS).fill(false));
  return { all: performance.now() - begun, pool, loop };
}

test('while passwords are checked, files and compression find a thread, and the event loop turns', async () => {
  const stored = await hashPassword('right');
  // The longest wait as a share of the time of all checks: the least of some attempts, since a busy machine only adds.
  let least = { pool: 1, loop: 1 };
  for (let attempt = 0; attempt < 4 && Math.max(least.pool, least.loop) > 0.3; attempt++) {
    const { all, pool, loop } = await whileChecking(stored);
    const found = { pool: Math.max(...pool) / all, loop: Math.max(...loop) / all };
    if (Math.max(found.pool, found.loop) < Math.max(least.pool, least.loop)) least = found;
  }
  expect(least.pool).toBeLessThan(0.4);
  expect(least.loop).toBeLessThan(0.4);
});
