import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { FairSemaphore } from './fair-semaphore.js';

test('one piece of work per key at once, in order, and a few over all keys', async () => {
  const semaphore = new FairSemaphore(2);
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const run = (key: string, name: string) =>
    semaphore.run(key, async () => {
      begun.push(name);
      await new Promise<void>((resolve) => ends.set(name, resolve));
    });
  const all = [run('a', 'a1'), run('a', 'a2'), run('a', 'a3'), run('b', 'b1'), run('c', 'c1')];
  const end = async (name: string) => {
    ends.get(name)?.();
    await setImmediate();
  };
  await setImmediate();
  expect(begun).toEqual(['a1', 'b1']);
  await end('b1');
  expect(begun).toEqual(['a1', 'b1', 'c1']);
  await end('a1');
  expect(begun).toEqual(['a1', 'b1', 'c1', 'a2']);
  await end('c1');
  expect(begun).toHaveLength(4);
  await end('a2');
  await end('a3');
  await Promise.all(all);
  await semaphore.run('a', async () => undefined);
});

test('work that fails frees its place', async () => {
  const semaphore = new FairSemaphore(1);
  const failing = semaphore.run('a', () => Promise.reject(new Error('in vain')));
  const next = semaphore.run('a', async () => 'done');
  await expect(failing).rejects.toThrow('in vain');
  expect(await next).toBe('done');
});
