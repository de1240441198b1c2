import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test, vi } from 'vitest';
import { BackgroundLoop, type LoopOptions } from './loop.js';

/** Bound for what would otherwise wait for a minute or for ever; other programs may hold up a test for a while. */
const FAR_BELOW_A_MINUTE_MS = 10_000;

const running: BackgroundLoop[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((loop) => loop.stop()));
});

function start(options: Partial<LoopOptions> & Pick<LoopOptions, 'step'>): BackgroundLoop {
  const loop = new BackgroundLoop({ pollMs: 60_000, ...options });
  running.push(loop);
  loop.start();
  return loop;
}

/** Counts steps, and lets a test decide their results. */
function counted(step: (nth: number) => Promise<boolean> | boolean = () => false) {
  const times: number[] = [];
  const counting = async () => {
    times.push(performance.now());
    return await step(times.length);
  };
  return { times, step: counting };
}

test('goes on without a rest while there is more, then looks again after the poll interval', async () => {
  // Four rests would take minutes.
  const many = counted((nth) => nth < 5);
  start({ step: many.step, pollMs: 60_000 });
  await vi.waitFor(() => expect(many.times).toHaveLength(5), { timeout: 30_000 });
  const { times, step } = counted();
  start({ step, pollMs: 200 });
  await vi.waitFor(() => expect(times).toHaveLength(2), { timeout: 30_000 });
  expect(times[1]! - times[0]!).toBeGreaterThan(140);
});

test('polls of several loops do not stay in step', async () => {
  const rests = [];
  for (let n = 0; n < 8; n++) {
    const { times, step } = counted();
    const loop = start({ step, pollMs: 40 });
    await vi.waitFor(() => expect(times).toHaveLength(2), { interval: 5, timeout: 30_000 });
    await loop.stop();
    rests.push(Math.round(times[1]! - times[0]!));
  }
  expect(Math.min(...rests)).toBeGreaterThanOrEqual(29);
  expect(new Set(rests).size).toBeGreaterThan(1);
});

test('looks at once when it is woken, also when that happens during a step', async () => {
  let loop: BackgroundLoop | undefined;
  const { times, step } = counted(async (nth) => {
    if (nth === 2) loop?.wake();
    await sleep(10);
    return false;
  });
  loop = start({ step });
  await sleep(50);
  expect(times).toHaveLength(1);
  loop.wake();
  await vi.waitFor(() => expect(times).toHaveLength(3), { timeout: 30_000 });
  await sleep(50);
  expect(times).toHaveLength(3);
});

test('has as many steps under way as it may, and wakes all of them', async () => {
  const warned = vi.fn();
  process.on('warning', warned);
  let [now, most] = [0, 0];
  const { times, step } = counted(async () => {
    most = Math.max(most, ++now);
    await sleep(20);
    now--;
    return false;
  });
  const loop = start({ step, concurrency: 20 });
  loop.start();
  await sleep(80);
  loop.wake();
  await vi.waitFor(() => expect(times).toHaveLength(40), { timeout: 30_000 });
  expect(most).toBe(20);
  expect(warned).not.toHaveBeenCalled();
  process.off('warning', warned);
});

test('rests longer after each failure in a row, up to a limit, and goes on as before after a success', async () => {
  const { times, step } = counted((nth) => {
    if (nth <= 13) throw new Error('no luck');
    return nth < 16;
  });
  start({ step, retryMs: { first: 20, longest: 100 } });
  await vi.waitFor(() => expect(times).toHaveLength(16), { timeout: 30_000 }); // 2 minutes without the limit
  const rests = times.map((time, index) => time - (times[index - 1] ?? time)).slice(1);
  const shortest = [20, 35, 65, 80, 80]; // first + 0.75 × (doubled − first), 100 at most
  for (const [index, least] of shortest.entries()) expect(rests[index]).toBeGreaterThanOrEqual(least - 1);
});

test('looks again when it is woken after a failure, but not as often as notices may come', async () => {
  const { times, step } = counted(() => {
    throw new Error('no luck');
  });
  const loop = start({ step, retryMs: { first: 40, longest: 60_000 } });
  await sleep(200);
  const before = times.length;
  const begun = performance.now();
  for (let n = 0; n < 100; n++) {
    loop.wake();
    await sleep(2);
  }
  expect(times.length).toBeGreaterThan(before);
  expect(times.length - before).toBeLessThanOrEqual((performance.now() - begun) / 40 + 1);
});

test('reports a failure once, and again when it is another one or has been over; a failing report ends nothing', async () => {
  const errors = ['a', 'a', 'b', 'b', null, 'b', null];
  const reported: string[] = [];
  const { times, step } = counted((nth) => {
    const error = errors[nth - 1];
    if (error) throw new Error(error);
    return nth < errors.length;
  });
  start({
    step,
    retryMs: { first: 1, longest: 2 },
    onError(error) {
      reported.push((error as Error).message);
      throw error;
    },
  });
  await vi.waitFor(() => expect(times).toHaveLength(errors.length), { timeout: 30_000 });
  expect(reported).toEqual(['a', 'b', 'b']);
});

test('finishes work in progress before a stop is over: steps, and what they began', async () => {
  const done: string[] = [];
  const loop: BackgroundLoop = start({
    async step() {
      await sleep(30);
      done.push('step');
      loop.begin(async () => {
        await sleep(30);
        done.push('begun');
      });
      return true;
    },
  });
  await sleep(5);
  expect(await loop.stop()).toBe(true);
  expect(done).toEqual(['step', 'begun']);
  loop.wake();
  loop.start();
  await sleep(50);
  expect(done).toHaveLength(2);
});

test('reports what fails beside the steps', async () => {
  const onError = vi.fn();
  const loop = start({ step: async () => false, onError });
  loop.begin(() => Promise.reject(new Error('no luck')));
  await loop.stop();
  expect(onError.mock.calls).toEqual([[new Error('no luck')]]);
});

test('a stop gives up after its time limit, and says so', async () => {
  let end: () => void = () => undefined;
  const loop = start({
    step: () =>
      new Promise((resolve) => {
        end = () => resolve(false);
      }),
  });
  const begun = performance.now();
  expect(await loop.stop(50)).toBe(false);
  expect(performance.now() - begun).toBeLessThan(FAR_BELOW_A_MINUTE_MS);
  end();
  expect(await loop.stop()).toBe(true);
});

test('a stop ends the rests after a failure and between polls at once', async () => {
  const failing = start({
    step: () => Promise.reject(new Error('no luck')),
    retryMs: { first: 60_000, longest: 60_000 },
  });
  const idle = start({ step: async () => false });
  await sleep(20);
  const begun = performance.now();
  expect(await Promise.all([failing.stop(), idle.stop()])).toEqual([true, true]);
  expect(performance.now() - begun).toBeLessThan(FAR_BELOW_A_MINUTE_MS);
  expect(await new BackgroundLoop({ pollMs: 1, step: async () => false }).stop()).toBe(true);
});
