import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { JOBS } from '../../src/app/jobs.js';
import { Listener } from '../../src/database/listener.js';
import type { Job } from '../../src/jobs/job.js';
import { jobStates } from '../../src/jobs/job-runs.js';
import { Scheduler } from '../../src/jobs/scheduler.js';
import { JOB_SETTINGS, type JobTest, jobTest } from '../helpers/jobs.js';

let test: JobTest;
const running: Scheduler[] = [];

beforeAll(async () => {
  test = await jobTest();
});
afterAll(() => test.close());
beforeEach(() => test.sql('DELETE FROM public.job_run; DELETE FROM public.job_tenant'));
afterEach(async () => {
  await Promise.all(running.splice(0).map((scheduler) => scheduler.stop()));
});

function start(jobs: readonly Job[] = JOBS, errors: string[] = []): Scheduler {
  const { database } = test;
  const onError = (message: string) => void errors.push(message);
  const scheduler = new Scheduler({ database, settings: JOB_SETTINGS, jobs, onError });
  running.push(scheduler);
  scheduler.start();
  return scheduler;
}

const NOTHING = { done: 0, tenants: [], failures: [] };
const jobOf = (run: Job['run'], every = 3_600): Job => ({ name: 'probe', summary: '', every, run });
const stateOf = async (name: string) => (await jobStates(test.database)).find(({ job }) => job === name);
const notified = async () => (await test.notifications()).length;

describe('the scheduler', () => {
  it('catches up with what became due while none ran, once over several processes, and tells live streams', async () => {
    await test.sql(
      `INSERT INTO tenant_main.immigration_reminder (title, reminder_date, created_by_id, content_type_id, object_id)
       SELECT n::text, '2026-01-01', 1 + n % 2, 10, 1 FROM generate_series(1, 300) n;
       INSERT INTO tenant_main.immigration_task (title, due_date, assigned_to_id)
       SELECT n::text, now() - interval '5 days', 3 FROM generate_series(1, 300) n;
       INSERT INTO tenant_main.immigration_client (id, first_name, assigned_to_id)
       SELECT n, 'x', 4 FROM generate_series(1, 300) n;
       INSERT INTO tenant_main.immigration_passport (id, date_of_expiry)
       SELECT n, current_date + 5 FROM generate_series(1, 300) n`,
    );
    const heard: unknown[] = [];
    const listener = new Listener(test.databases.app);
    listener.on('leopard_notifications', (payload) => payload && heard.push(JSON.parse(payload)));
    await listener.start();
    for (let n = 0; n < 3; n++) start();
    await vi.waitFor(async () => expect(await notified()).toBe(900), { timeout: 30_000 });
    await sleep(2_500);
    expect(await notified()).toBe(900);
    await listener.close();
    expect(heard).toHaveLength(3);
    expect(heard).toEqual(
      expect.arrayContaining([
        { schema: 'tenant_main', users: [1, 2] },
        { schema: 'tenant_main', users: [3] },
        { schema: 'tenant_main', users: [4] },
      ]),
    );
    expect(await stateOf('reminders')).toMatchObject({ lastError: null, lastFinishedAt: expect.any(String) });
  });

  it('runs each job in one process at a time, and again when it is due', async () => {
    let [now, most, times] = [0, 0, 0];
    const job = jobOf(async () => {
      times++;
      most = Math.max(most, ++now);
      await sleep(100);
      now--;
      return NOTHING;
    }, 1);
    const begun = performance.now();
    for (let n = 0; n < 4; n++) start([job]);
    await vi.waitFor(() => expect(times).toBeGreaterThanOrEqual(4), { timeout: 30_000 });
    expect(most).toBe(1);
    expect(times).toBeLessThanOrEqual((performance.now() - begun) / 1_000 + 1);
  });

  it('takes a job over from a process that has died', async () => {
    const [{ until }] = (await test.sql(
      `INSERT INTO public.job_run (job, runner, running_until)
       VALUES ('probe', gen_random_uuid(), now() + interval '2 seconds') RETURNING running_until AS until`,
    )) as [{ until: string }];
    const runs: number[] = [];
    start([jobOf(async () => ({ ...NOTHING, done: runs.push(Date.now()) }))]);
    await vi.waitFor(() => expect(runs).toHaveLength(1), { timeout: 30_000 });
    expect(runs[0]).toBeGreaterThanOrEqual(Math.floor(new Date(until).getTime()));
  });

  it('keeps what went wrong, tells of it, and tries again', async () => {
    const errors: string[] = [];
    let runs = 0;
    const job = jobOf(async () => {
      if (++runs === 1) throw new Error('no\nluck');
      return {
        ...NOTHING,
        failures: [
          { schema: 'tenant_a', error: 'broken' },
          { schema: 'tenant_b', error: 'x' },
        ],
      };
    }, 1);
    start([job], errors);
    await vi.waitFor(() => expect(runs).toBeGreaterThan(1), { timeout: 30_000 });
    await vi.waitFor(
      async () => expect((await stateOf('probe'))?.lastError).toBe('tenant_a: broken (and at 1 more)'),
      { timeout: 30_000 },
    );
    expect(errors.slice(0, 2)).toEqual(['job probe: no luck', 'job probe: tenant_a: broken (and at 1 more)']);
  });

  it('when stopped ends what runs, and leaves it due', async () => {
    const job = jobOf(async ({ signal }) => {
      await sleep(60_000, undefined, { signal }).catch(() => undefined);
      return NOTHING;
    });
    const scheduler = start([job]);
    await vi.waitFor(async () => expect((await stateOf('probe'))?.running).toBe(true), { timeout: 30_000 });
    await scheduler.stop();
    expect(await stateOf('probe')).toMatchObject({ running: false, lastFinishedAt: null });
    let runs = 0;
    start([jobOf(async () => ({ ...NOTHING, done: ++runs }))]);
    await vi.waitFor(() => expect(runs).toBe(1), { timeout: 30_000 });
  });
});
