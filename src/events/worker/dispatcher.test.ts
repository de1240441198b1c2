import { afterEach, describe, expect, it } from 'vitest';
import { leastOf } from '../../../test/helpers/processor-time.js';
import {
  addEvents,
  eventsConfig,
  handledBy,
  handlersWith,
  noteHandling,
  pause,
  STAGE,
  timesHandled,
  useWorkerTest,
  type WorkerOptions,
  type WorkerTest,
} from '../../../test/helpers/worker.js';
import { pauseEvents, resumeEvents } from '../operations/control.js';

const NOTED: WorkerOptions = {
  config: eventsConfig({ [STAGE]: handledBy(1) }),
  handlers: handlersWith(noteHandling),
};

let test: WorkerTest;
useWorkerTest((made) => {
  test = made;
});
afterEach(async () => {
  await test.sql(`UPDATE public.tenants_tenant SET subscription_status = 'ACTIVE'`);
});

const start = (options: WorkerOptions = NOTED) => test.start(options);

const waiting = async (schema = 'tenant_main') => {
  const query = 'SELECT count(*)::integer AS n FROM public.event_queue WHERE schema_name = $1';
  return (await test.sql(query, [schema]))[0]!.n as number;
};
const statuses = async () =>
  Object.fromEntries(
    (await test.sql('SELECT status, count(*)::integer AS n FROM immigration_event GROUP BY status')).map(
      ({ status, n }) => [status, n],
    ),
  );

describe('each event is handled once', () => {
  it('by three dispatchers at once, two of them with several loops', async () => {
    await addEvents(test, 1_500, { records: 70 });
    await Promise.all([start(), start({ ...NOTED, concurrency: 3 }), start({ ...NOTED, concurrency: 2 })]);
    await test.drained(30_000);
    expect(await timesHandled(test)).toEqual({ 1: 1_500 });
    expect(await statuses()).toEqual({ COMPLETED: 1_500 });
  });

  it('when connections are cut again and again', async () => {
    await addEvents(test, 1_500, { records: 500 });
    await Promise.all([start(), start()]);
    for (let cut = 0; cut < 12; cut++) {
      await pause(40);
      await test.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'leopard' AND state <> 'idle'`);
    }
    await test.drained(30_000);
    expect(await timesHandled(test)).toEqual({ 1: 1_500 });
    expect(await statuses()).toEqual({ COMPLETED: 1_500 });
  });

  it('when a dispatcher stops in the middle and another one goes on', async () => {
    await addEvents(test, 600);
    const first = await test.start(NOTED);
    await test.until(async () => (await waiting()) < 600);
    expect(await first.stop()).toBe(true);
    const left = await waiting();
    expect(left).toBeGreaterThan(0);
    await pause(100);
    expect(await waiting()).toBe(left);
    await start();
    await test.drained();
    expect(await timesHandled(test)).toEqual({ 1: 600 });
  });
});

it('a stop that does not come to an end says so, and leaves the event to others', async () => {
  let isHanging = true;
  await addEvents(test, 1);
  const handlers = handlersWith(async (work, transaction) => {
    if (isHanging) await new Promise(() => undefined);
    return await noteHandling(work, transaction);
  });
  const hanging = await test.start({ ...NOTED, handlers, limits: { event: 6_000 } });
  await test.until(async () => (await statuses()).PROCESSING === 1);
  await pause(100);
  const begun = performance.now();
  expect(await hanging.dispatcher.stop(300)).toBe(false);
  expect(performance.now() - begun).toBeLessThan(5_500); // when the limit of the event would end it
  isHanging = false;
  await start();
  await hanging.stop();
  await test.drained();
  expect(await timesHandled(test)).toEqual({ 1: 1 });
});

it('an idle worker is woken by the change itself', async () => {
  await start({ ...NOTED, pollMs: 60_000 });
  await test.until(async () => (await test.sql('SELECT FROM public.event_sleeper')).length === 1);
  await pause(50);
  const begun = performance.now();
  await test.sql(`INSERT INTO immigration_client (first_name, gender, country) VALUES ('A', 'MALE', 'NP')`);
  await test.sql(`UPDATE immigration_client SET stage = 'CLIENT' WHERE first_name = 'A'`);
  await test.drained();
  expect(performance.now() - begun).toBeLessThan(20_000); // far below the poll interval
  expect(await timesHandled(test)).toEqual({ 1: 1 });
});

it('a worker that nobody wakes looks by itself, and for events put off when they are due', async () => {
  await start({ ...NOTED, pollMs: 100 });
  await pause(200);
  await addEvents(test, 2);
  await test.sql(`UPDATE public.event_queue SET due_at = now() + interval '400 ms' WHERE event_id % 2 = 0`);
  await test.drained();
});

it('removes itself from those who are asleep when it stops', async () => {
  const running = await test.start(NOTED);
  await test.until(async () => (await test.sql('SELECT FROM public.event_sleeper')).length === 1);
  await running.stop();
  expect(await test.sql('SELECT FROM public.event_sleeper')).toEqual([]);
});

it('a tenant with 20,000 waiting events does not hold up another with one', async () => {
  await addEvents(test, 20_000);
  await start();
  await test.until(async () => (await waiting()) < 20_000);
  let handled = 0;
  const wait = async () => {
    const begun = performance.now();
    await addEvents(test, 1, { schema: 'tenant_demo' });
    await test.until(async () => (await waiting('tenant_demo')) === 0);
    const waited = performance.now() - begun;
    const left = await waiting();
    handled ||= 20_000 - left;
    expect(left).toBeGreaterThan(0);
    return waited;
  };
  expect(await leastOf(wait, 2_000)).toBeLessThan(2_000);
  expect(handled).toBeLessThan(10_000);
}, 60_000);

describe('a pause', () => {
  /**
   * Adds events, and returns how many of them are handled in the next second and a half, besides those in the first
   * second.
   */
  const handledLater = async () => {
    await pause(1_000);
    await addEvents(test, 20);
    await pause(500);
    const [row] = await test.sql(
      `SELECT count(*)::integer AS n FROM immigration_event WHERE status <> 'PENDING'`,
    );
    return row!.n as number;
  };

  it('by plain SQL stops everything; what happens meanwhile stays PENDING, and a resume drains at once', async () => {
    await start({ ...NOTED, pollMs: 300 });
    await test.sql('UPDATE public.immigration_event_processing_control SET is_paused = true');
    expect(await handledLater()).toBe(0);
    expect(await statuses()).toEqual({ PENDING: 20 });
    await test.sql('UPDATE public.immigration_event_processing_control SET is_paused = false');
    await test.drained();
  });

  it('stops a worker in full swing within a second', async () => {
    await addEvents(test, 20_000);
    await start();
    await test.until(async () => (await waiting()) < 20_000);
    await pauseEvents(test.database, { kind: 'all' }, { reason: 'test' });
    await pause(1_000);
    let left = 0;
    // A batch that a busy machine held up may end later.
    const ended = async () => {
      left = await waiting();
      await pause(400);
      return (await waiting()) - left;
    };
    await expect.poll(ended).toBe(0);
    expect(left).toBeGreaterThan(0);
  }, 60_000);

  it('of one tenant stops that one alone', async () => {
    await start();
    await pauseEvents(test.database, { kind: 'tenant', schema: 'tenant_main' });
    await addEvents(test, 1, { schema: 'tenant_demo' });
    expect(await handledLater()).toBe(0);
    await test.until(async () => (await waiting('tenant_demo')) === 0);
    expect(await resumeEvents(test.database, { kind: 'tenant', schema: 'tenant_main' })).toBe(true);
    await test.drained();
  });

  it('of one handler leaves the events that it handles, and what comes after them of the same records', async () => {
    const config = eventsConfig({
      [STAGE]: handledBy(1),
      'Client.active.UPDATE': { handlers: [{ handler: 'notification', config: NOBODY }] },
    });
    await pauseEvents(test.database, { kind: 'handler', handler: 'task' });
    await addEvents(test, 2); // records 1 and 2
    await addEvents(test, 3, { type: 'Client.active.UPDATE' }); // records 1, 2 and 3
    await start({ ...NOTED, config });
    await test.until(async () => (await statuses()).COMPLETED === 1);
    await pause(500);
    const rows = await test.sql(
      'SELECT event_type AS type, entity_id AS record, status, retry_count FROM immigration_event ORDER BY id',
    );
    expect(rows.map(({ type, record, status }) => `${record} ${type} ${status}`)).toEqual([
      `1 ${STAGE} PENDING`,
      `2 ${STAGE} PENDING`,
      '1 Client.active.UPDATE PENDING',
      '2 Client.active.UPDATE PENDING',
      '3 Client.active.UPDATE COMPLETED',
    ]);
    await resumeEvents(test.database, { kind: 'handler', handler: 'task' });
    await test.drained();
    expect(new Set(rows.map((row) => row.retry_count))).toEqual(new Set([0]));
  });

  it.each(['all', 'tenant', 'handler'] as const)('of %s ends by itself', async (kind) => {
    const of = { kind, schema: 'tenant_main', handler: 'task' };
    const until = new Date(Date.now() + 1_200);
    await pauseEvents(test.database, of, { until });
    await addEvents(test, 1);
    await start({ ...NOTED, pollMs: 200 });
    await test.drained();
    const [event] = await test.sql('SELECT status, processed_at AS at FROM immigration_event');
    expect(event!.status).toBe('COMPLETED');
    expect(new Date(event!.at as string).getTime()).toBeGreaterThanOrEqual(until.getTime());
  });

  it('by plain SQL does not end with the end of an earlier one', async () => {
    await pauseEvents(test.database, { kind: 'all' }, { until: new Date(Date.now() + 50) });
    await pause(100);
    await test.sql('UPDATE public.immigration_event_processing_control SET is_paused = true');
    const [row] = await test.sql(
      'SELECT is_paused, paused_until FROM public.immigration_event_processing_control',
    );
    expect(row).toEqual({ is_paused: true, paused_until: null });
    await start();
    expect(await handledLater()).toBe(0);
  });
});

const NOBODY = { type: 'SYSTEM_ALERT', title_template: '', message_template: '', recipients: [] };

describe('what cannot be handled', () => {
  it('waits while its tenant is suspended', async () => {
    await test.sql(
      `UPDATE public.tenants_tenant SET subscription_status = 'SUSPENDED' WHERE schema_name = 'tenant_main'`,
    );
    await addEvents(test, 3);
    await start({ ...NOTED, pollMs: 200 });
    await pause(600);
    expect(await statuses()).toEqual({ PENDING: 3 });
    await test.sql(`UPDATE public.tenants_tenant SET subscription_status = 'ACTIVE'`);
    await test.drained();
  });

  it('is forgotten when the event is gone, and left when the tenant is', async () => {
    await test.sql(`INSERT INTO public.event_queue (schema_name, event_id, event_type, entity_type, entity_id)
      VALUES ('tenant_main', 999999, '${STAGE}', 'Client', 1), ('tenant_gone', 1, '${STAGE}', 'Client', 1),
        ('tenant_a"; DROP', 1, '${STAGE}', 'Client', 1)`);
    await addEvents(test, 1);
    await start();
    await test.drained();
    expect(await statuses()).toEqual({ COMPLETED: 1 });
  });

  it('of a tenant without tables does not hold up the others', async () => {
    await test.sql(
      `INSERT INTO public.tenants_tenant (schema_name, name) VALUES ('tenant_tableless', 'Broken')`,
    );
    await test.sql(`INSERT INTO public.event_queue (schema_name, event_id, event_type, entity_type, entity_id)
      VALUES ('tenant_tableless', 1, '${STAGE}', 'Client', 1)`);
    const lines: string[] = [];
    await addEvents(test, 1);
    await start({ ...NOTED, log: (message) => lines.push(message) });
    await test.drained();
    expect([await waiting('tenant_tableless'), lines]).toEqual([1, []]);
    // It counts as up to date now, although it has no table.
    await test.sql(`CREATE ROLE tenant_tableless; GRANT tenant_tableless TO leopard_app; CREATE SCHEMA tenant_tableless;
      GRANT USAGE ON SCHEMA tenant_tableless TO tenant_tableless;
      INSERT INTO public.migration_ledger (scope, number, name, checksum)
      SELECT 'tenant_tableless', number, name, checksum FROM public.migration_ledger WHERE scope = 'tenant_main'`);
    await test.until(() => lines.length > 0);
    expect(lines[0]).toBe('events of tenant_tableless could not be handled, and wait');
    await addEvents(test, 1);
    await test.drained();
    await test.sql('DROP SCHEMA tenant_tableless; DROP ROLE tenant_tableless');
    await test.sql(`DELETE FROM public.tenants_tenant WHERE schema_name = 'tenant_tableless'`);
    expect(await waiting('tenant_tableless')).toBe(0);
  });
});
