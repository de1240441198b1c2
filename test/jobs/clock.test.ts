import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { clockJob } from '../../src/app/clock-job.js';
import { Database } from '../../src/database/database.js';
import { type OwnerClient, withOwner } from '../../src/database/owner.js';
import { statement } from '../../src/database/statement.js';
import { claimDeliveries, LEASE_SECONDS } from '../../src/deliveries/delivery-queue.js';
import { tenantsWithImports } from '../../src/immigration/client-imports/import-queue.js';
import type { JobSettings } from '../../src/jobs/job.js';
import { Scheduler } from '../../src/jobs/scheduler.js';
import { newHolder } from '../../src/provisioning/operations/holder.js';
import { listOperations } from '../../src/provisioning/operations/list.js';
import { take } from '../../src/provisioning/operations/store.js';
import { type TestDatabase, testDatabase } from '../helpers/database.js';

// A clock that was set back by ten minutes leaves rows whose times are ten minutes later than they were meant to be.

const MINUTES = 10;

let databases: TestDatabase;
let database: Database;

beforeAll(async () => {
  databases = await testDatabase();
  database = new Database(databases.app, { size: 3 });
});
afterAll(async () => {
  await database?.close();
  await databases?.drop();
});

const asOwner = <T>(work: (client: OwnerClient) => Promise<T>) => withOwner(databases.owner, work);
const sql = async <T extends object>(text: string) => (await asOwner((client) => client.query<T>(text))).rows;

/** Adds an event to the queue; the times are in minutes from now. */
const queueEvent = (id: number, queued: number, due: number) =>
  sql(`INSERT INTO public.event_queue (schema_name, event_id, event_type, entity_type, entity_id, queued_at, due_at, segment)
       VALUES ('tenant_main', ${id}, 'Task.CREATE', 'Task', ${id}, now() + interval '${queued} minutes',
         now() + interval '${due} minutes', 1)`);
const queueDelivery = (id: number, due: number, claimed: string) =>
  sql(`INSERT INTO public.delivery_queue (schema_name, delivery_id, destination, due_at, claimed_until, segment)
       VALUES ('tenant_main', ${id}, 'endpoint ${id}', now() + interval '${due} minutes', ${claimed}, 1)`);
/** Minutes until each row of a queue is due, rounded up; 0 for those that are due. */
const waits = async (queue: 'event' | 'delivery') =>
  Object.fromEntries(
    (
      await sql<{ id: number; minutes: number }>(
        `SELECT ${queue}_id::integer AS id, greatest(0, ceil(extract(epoch FROM due_at - now()) / 60))::integer AS minutes
         FROM public.${queue}_queue`,
      )
    ).map(({ id, minutes }) => [id, minutes]),
  );
const run = (dryRun = false) =>
  clockJob.run({
    ...{ database, settings: {} as JobSettings, signal: new AbortController().signal },
    ...{ schema: null, everywhere: false, dryRun, moment: null },
  });

beforeEach(async () => {
  await sql(`DELETE FROM public.event_queue; DELETE FROM public.delivery_queue; DELETE FROM public.job_run`);
  await queueEvent(1, MINUTES, MINUTES); // new, from before
  await queueEvent(2, -1, MINUTES + 20); // failed, and tried again in twenty minutes
  await queueEvent(3, -1, 600); // later than any event can be put off
  await queueDelivery(4, MINUTES + 20, 'NULL');
  await queueDelivery(5, 60 * 24, 'NULL');
});

it('a scheduler whose last run is yet to come brings what waits forward, at once', async () => {
  await sql(`INSERT INTO public.job_run (job, next_at, running_until, last_started_at, last_finished_at) VALUES
    ('clock', now() + interval '${MINUTES + 1} minutes', now() + interval '${MINUTES} minutes',
     now() + interval '${MINUTES} minutes', now() + interval '${MINUTES} minutes')`);
  await sql(`UPDATE public.tenants_tenant SET work_held_until = CASE schema_name
    WHEN 'tenant_main' THEN 'infinity' ELSE now() + interval '${MINUTES} minutes' END`);
  const errors: string[] = [];
  const scheduler = new Scheduler({
    ...{ database, settings: {} as JobSettings, jobs: [clockJob] },
    onError: (message) => errors.push(message),
  });
  scheduler.start();
  await expect.poll(async () => (await waits('event'))[2], { timeout: 30_000 }).toBe(20);
  await scheduler.stop();
  expect(errors).toEqual([]);
  expect(await waits('event')).toEqual({ 1: 0, 2: 20, 3: 0 });
  expect(await waits('delivery')).toEqual({ 4: 20, 5: 0 });
  expect(
    await sql(`SELECT schema_name, work_held_until <= now() AS over FROM public.tenants_tenant ORDER BY id`),
  ).toMatchObject([{ over: false }, { over: true }]);
  await sql('UPDATE public.tenants_tenant SET work_held_until = NULL');
  expect(await run()).toMatchObject({ done: 0 }); // once is enough
});

it('while the clock goes on, only what is due later than it can be is due', async () => {
  await sql(
    `INSERT INTO public.job_run (job, last_started_at, last_finished_at) VALUES ('clock', now(), now())`,
  );
  expect(await run(true)).toMatchObject({ done: 2 });
  expect((await waits('event'))[3]).toBe(600);
  expect(await run()).toMatchObject({ done: 2 });
  expect(await waits('event')).toEqual({ 1: MINUTES, 2: MINUTES + 20, 3: 0 });
  expect(await waits('delivery')).toEqual({ 4: MINUTES + 20, 5: 0 });
});

it('no tenant may bring work forward', async () => {
  const asTenant = (call: string) =>
    database.tenantQuery({ schema: 'tenant_main', userId: null }, statement(`SELECT public.${call}`));
  await expect(asTenant("bring_work_forward('1 hour')")).rejects.toThrow('not for a tenant');
  await expect(asTenant("free_future_work(true, '0', '0', 1)")).rejects.toThrow('not for a tenant');
});

it('a lease that is longer than any is none: of deliveries, imports, operations', async () => {
  await sql('DELETE FROM public.delivery_queue');
  await queueDelivery(6, 0, `now() + interval '${MINUTES} minutes'`);
  await queueDelivery(7, 0, `now() + interval '30 seconds'`);
  await queueDelivery(8, 0, `'infinity'`); // kept from being sent
  const claimed = await claimDeliveries(database, {
    ...{
      kind: 'webhook',
      most: 10,
      mostPerTenant: 10,
      mostPerDestination: 10,
      taken: [],
      running: new Map(),
    },
    ...{ after: '', leaseSeconds: LEASE_SECONDS },
  });
  expect(claimed.map(({ deliveryId }) => Number(deliveryId))).toEqual([6]);

  await sql(`INSERT INTO public.client_import_queue (schema_name, import_id, due_at) VALUES
    ('tenant_main', 1, now() + interval '${MINUTES} minutes'), ('tenant_demo', 1, now() + interval '20 seconds')`);
  expect(await tenantsWithImports(database)).toEqual(['tenant_main']);

  await sql(`INSERT INTO public.tenant_operation (kind, schema_names, parameters, holder, held_on, held_by_pid, held_until) VALUES
    ('clone', '{tenant_main}', '{}', gen_random_uuid(), 'elsewhere', 1, now() + interval '${MINUTES} minutes'),
    ('rename', '{tenant_demo}', '{}', gen_random_uuid(), 'elsewhere', 1, now() + interval '20 seconds')`);
  const [held, free] = await listOperations(databases.owner);
  expect([held, free]).toMatchObject([
    { kind: 'rename', isRunning: true },
    { kind: 'clone', isRunning: false },
  ]);
  expect(await asOwner((client) => take(client, free!.id, newHolder()))).toMatchObject({ kind: 'clone' });
  await expect(asOwner((client) => take(client, held!.id, newHolder()))).rejects.toThrow(/is working on it/);
});
