import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { percentile } from '../../bench/statistics.js';
import { withOwner } from '../../src/database/owner.js';
import { startTestApp, type TestApp } from '../helpers/app.js';
import { seedStaff } from '../helpers/staff.js';

// One agency's requests wait for a lock, or for slow statements; the other's do not wait behind them.

const TROUBLED = 40;
const WAIT_MS = 1_500;
const ATTEMPTS = 4;

let app: TestApp;
let main: string;
let demo: string;
let client: number;

beforeAll(async () => {
  app = await startTestApp();
  await seedStaff(app);
  await seedStaff(app, 'tenant_demo');
  main = await app.logIn('admin');
  demo = await app.logIn('admin', 'demo');
  const body = { first_name: 'Ada', last_name: 'L', gender: 'FEMALE', country: 'NP' };
  const made = await app.ask('POST', '/api/v1/clients/', { token: main, body });
  client = made.body.id;
});
afterAll(() => app?.close());

/** Locks the client's row for some time, while this runs. */
async function whileLocked(work: () => Promise<void>): Promise<void> {
  await withOwner(app.databases.owner, async (holder) => {
    await holder.query('BEGIN');
    await holder.query('SELECT FROM tenant_main.immigration_client WHERE id = $1 FOR UPDATE', [client]);
    const changes = Array.from({ length: TROUBLED }, (_, i) =>
      app.ask('PATCH', `/api/v1/clients/${client}/`, { token: main, body: { city: `City ${i}` } }),
    );
    const answered = Promise.all(changes);
    answered.catch(() => undefined); // also where the work fails before it is awaited
    await sleep(200);
    await work();
    await holder.query('COMMIT');
    const statuses = (await answered).map(({ status }) => status);
    expect(statuses).toEqual(Array(TROUBLED).fill(200));
  });
}

describe('beside an agency all of whose requests wait for a lock', () => {
  it('the other one is served, and so is who asks for health', async () => {
    // Other work on the machine may hold up one request; where the agency does, it holds up those of every attempt.
    let slowest = Number.POSITIVE_INFINITY;
    let count = 0;
    const attempt = async () => {
      const took: number[] = [];
      const until = performance.now() + WAIT_MS;
      while (performance.now() < until) {
        const begun = performance.now();
        const [list, health] = await Promise.all([
          app.ask('GET', '/api/v1/clients/', { token: demo, host: 'demo' }),
          app.ask('GET', '/health/', { host: 'demo' }),
        ]);
        took.push(performance.now() - begun);
        expect([list.status, health.status]).toEqual([200, 200]);
      }
      console.log(`the other agency's p99: ${percentile(Float64Array.from(took), 0.99).toFixed(0)} ms`);
      slowest = Math.min(slowest, Math.max(...took));
      count = Math.max(count, took.length);
    };
    for (let n = 0; n < ATTEMPTS && (slowest >= WAIT_MS || count <= 5); n++) await whileLocked(attempt);
    expect(slowest).toBeLessThan(WAIT_MS);
    expect(count).toBeGreaterThan(5);
  });
});
