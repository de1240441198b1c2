import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Tally } from './attacker.js';
import { ATTACKS } from './attacks.js';
import { type Scene, startScene } from './scene.js';

/** Time for which the neighbour's requests are timed beside an attack, in milliseconds. */
const TIMED_MS = 1_200;
/** The same before the attack, since other work on the machine comes and goes. */
const QUIET_MS = 400;
const LOG_IN_EVERY_MS = 400;
const PAUSE_MS = 5;
/** Maximum ratio of the time that the neighbour's requests take beside an attack to the quiet one. */
const SLOWER = 5;
/** Milliseconds that count as the quiet value at least: the machine's own noise is that long. */
const NOISE_MS = 50;
const LOG_IN_NOISE_MS = 100;
const MOST_MEMORY = 300;
/** Other work on the machine may spoil one. */
const ATTEMPTS = 6;
/** For all attempts of one attack, in milliseconds. */
const TIMEOUT_MS = 120_000;

let scene: Scene;
let quiet: Figures;

interface Figures {
  readonly requests: number;
  readonly logIns: number;
  readonly memory: number;
}

beforeAll(async () => {
  scene = await startScene();
  await timed(); // until hot code has been compiled
  for (const format of ['json', 'yaml']) await scene.ask('GET', `/api/schema/?format=${format}`); // made once
  quiet = await timed();
}, 300_000);
afterAll(() => scene?.close());

/** Returns the 99th percentile of the neighbour's requests and the median of the log-ins, and the process's memory. */
async function timed(ms = TIMED_MS): Promise<Figures> {
  const requests: number[] = [];
  const logIns: number[] = [];
  let memory = 0;
  const steps = [
    () => scene.ask('GET', '/api/v1/clients/'),
    () => scene.ask('GET', '/api/v1/clients/7/'),
    () => scene.ask('PATCH', '/api/v1/clients/7/', { city: `City ${requests.length}` }),
    () => scene.ask('GET', '/api/v1/users/profile/'),
  ];
  const end = performance.now() + ms;
  let nextLogIn = 0;
  for (let n = 0; performance.now() < end; n++) {
    const begun = performance.now();
    const { status, body } = await (steps[n % steps.length] as (typeof steps)[number])();
    requests.push(performance.now() - begun);
    expect([status, status === 200 ? '' : body]).toEqual([200, '']);
    if (performance.now() >= nextLogIn) {
      const asked = performance.now();
      expect(await scene.logIn()).toBe(200);
      logIns.push(performance.now() - asked);
      nextLogIn = performance.now() + LOG_IN_EVERY_MS;
    }
    memory = Math.max(memory, scene.memory());
    await sleep(PAUSE_MS);
  }
  return { requests: percentile(requests, 0.99), logIns: percentile(logIns, 0.5), memory };
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN;
}

/** Returns what the attack did to the neighbour and to the process; empty if it did no harm. */
async function harmOf(attack: string): Promise<string[]> {
  const now = await timed(QUIET_MS);
  const usual = {
    requests: Math.max(quiet.requests, now.requests, NOISE_MS),
    logIns: Math.max(quiet.logIns, now.logIns, LOG_IN_NOISE_MS),
  };
  const stop = scene.attack(attack);
  await sleep(300);
  let tally: Tally = {};
  const { requests, logIns, memory } = await timed().finally(async () => {
    tally = await stop();
    await scene.settled();
  });
  const show = (n: number) => n.toFixed(0);
  console.log(
    `${attack}: p99 ${show(requests)} ms (quiet ${show(now.requests)}), log-ins ${show(logIns)} ms (quiet ${show(now.logIns)}), ` +
      `${show(memory)} MB; statuses ${JSON.stringify(tally)}`,
  );
  const failed = Object.keys(tally).filter((status) => Number(status) >= 500);
  return [
    requests > SLOWER * usual.requests && `requests take ${show(requests)} ms`,
    logIns > SLOWER * usual.logIns && `log-ins take ${show(logIns)} ms`,
    memory > MOST_MEMORY && `the process takes ${show(memory)} MB`,
    failed.length > 0 && `the attacker got ${failed}`,
  ].filter((harm) => harm !== false);
}

test.each(Object.keys(ATTACKS))('%s harm no other agency', { timeout: TIMEOUT_MS }, async (attack) => {
  let harm: string[] = [];
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    harm = await harmOf(attack);
    if (harm.length === 0) return;
    await sleep(500);
  }
  expect(harm).toEqual([]);
});
