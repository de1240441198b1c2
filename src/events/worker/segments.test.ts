import { expect, it } from 'vitest';
import {
  addEvents,
  handledBy,
  noteHandling,
  pause,
  startHandling,
  timesHandled,
  useWorkerTest,
  type WorkerOptions,
  type WorkerTest,
} from '../../../test/helpers/worker.js';
import { type OwnerClient, withOwner } from '../../database/owner.js';
import { statement } from '../../database/statement.js';
import { claimEvents } from './event-queue.js';
import { Segments } from './segments.js';

let test: WorkerTest;
useWorkerTest((made) => {
  test = made;
});

const start = (options: WorkerOptions = {}, handle = noteHandling) =>
  startHandling(test, handle, handledBy(1), { pollMs: 50, ...options });

const openSegments = async () => (await test.sql('SELECT FROM public.event_segment')).length;
const add = (client: OwnerClient, count: number, records: number) =>
  addEvents({ sql: async (text, values) => (await client.query(text, values)).rows }, count, { records });

/** Runs `work` while an open transaction keeps VACUUM from removing any row. */
async function besideOldTransaction(work: (old: OwnerClient) => Promise<void>): Promise<void> {
  await withOwner(test.databases.admin, async (client) => {
    await client.query('SET search_path TO tenant_main; BEGIN ISOLATION LEVEL REPEATABLE READ');
    await client.query('SELECT pg_current_xact_id()');
    await work(client);
    await client.query('COMMIT');
  });
}

/** Counts the entries of the queue's indexes that finding due tenants and claiming read, dead ones included. */
async function readByClaim(): Promise<number> {
  return await withOwner(test.databases.admin, async (client) => {
    await client.query('BEGIN');
    await client.query('SELECT public.tenants_with_due_events()');
    await client.query('SET LOCAL ROLE tenant_main');
    await client.query('SELECT public.claim_events(50)');
    const { rows } =
      await client.query(`SELECT sum(pg_stat_get_xact_tuples_returned(indexrelid))::integer AS read
      FROM pg_index WHERE indrelid = 'public.event_queue'::regclass`);
    await client.query('ROLLBACK');
    return rows[0].read;
  });
}

it('what is done is not read again, however old a transaction is', async () => {
  await besideOldTransaction(async () => {
    await start({ segment: 500 });
    for (let round = 0; round < 10; round++) {
      await addEvents(test, 300, { records: 10 });
      await test.drained(30_000);
    }
    await addEvents(test, 60, { records: 10 });
    expect(await openSegments()).toBeLessThanOrEqual(3);
  });
}, 60_000);

it('a claim reads no more when 30,000 events of few records were done beside an old transaction', async () => {
  await besideOldTransaction(async () => {
    await addEvents(test, 30_000, { records: 5 });
    await test.sql('DELETE FROM public.event_queue');
    await new Segments(test.database, 0).tend();
    await addEvents(test, 100, { records: 5 });
    expect(await openSegments()).toBe(1);
    expect(await readByClaim()).toBeLessThan(3_000);
  });
}, 60_000);

/** Returns how many index entries of the tenant's events were read so far, dead ones included. */
async function readOfEvents(): Promise<number> {
  const flush = statement('SELECT pg_stat_force_next_flush()');
  await test.database.tenantQuery({ schema: 'tenant_main', userId: null }, flush);
  const [row] = await test.sql(
    `SELECT sum(pg_stat_get_tuples_returned(indexrelid))::integer AS read
     FROM pg_index WHERE indrelid = 'tenant_main.immigration_event'::regclass`,
  );
  return row?.read ?? 0;
}

it('marking what is claimed reads none of the 20,000 events done beside an old transaction', async () => {
  await besideOldTransaction(async () => {
    await addEvents(test, 20_000, { records: 5 });
    await test.sql(
      `DELETE FROM public.event_queue; UPDATE tenant_main.immigration_event SET status = 'PROCESSING'`,
    );
    await test.sql(`UPDATE tenant_main.immigration_event SET status = 'COMPLETED'`);
    await test.sql('ANALYZE tenant_main.immigration_event');
    await new Segments(test.database, 0).tend();
    await addEvents(test, 100, { records: 5 });
    const before = await readOfEvents();
    const portion = { most: 50, alone: false, leftOut: [], since: null };
    expect(await claimEvents(test.database, 'tenant_main', portion)).toHaveLength(50);
    await test.until(async () => (await readOfEvents()) > before);
    expect((await readOfEvents()) - before).toBeLessThan(1_000);
  });
}, 60_000);

it('what an old transaction has written itself is handled when it commits, in the order of its records', async () => {
  const order: number[] = [];
  await start({ segment: 20, concurrency: 2 }, async (work, transaction) => {
    order.push(work.event.id);
    return await noteHandling(work, transaction);
  });
  let late: number[] = [];
  await besideOldTransaction(async (old) => {
    await add(old, 3, 3);
    await addEvents(test, 200, { records: 50 });
    await test.until(async () => (await timesHandled(test))[1] === 200);
    await add(old, 3, 3);
    const { rows } = await old.query(
      'SELECT event_id::integer AS id, segment FROM public.event_queue ORDER BY 1',
    );
    expect(new Set(rows.map(({ segment }) => segment)).size).toBe(1); // all events of a transaction are in one
    late = rows.map(({ id }) => id);
    await addEvents(test, 200, { records: 50 });
    await test.until(async () => (await timesHandled(test))[1] === 400);
    await new Segments(test.database, 0).tend();
  });
  await test.drained();
  expect(await timesHandled(test)).toEqual({ 1: 406 });
  for (const record of [0, 1, 2]) {
    const ids = late.filter((_id, index) => index % 3 === record);
    expect(order.filter((id) => ids.includes(id))).toEqual(ids);
  }
}, 60_000);

it('few events that wait keep no segment open: they move on', async () => {
  await addEvents(test, 40);
  await test.sql(`UPDATE public.event_queue SET due_at = now() + interval '1 hour' WHERE event_id % 4 = 0`);
  const segments = new Segments(test.database, 0);
  await segments.tend();
  for (let turn = 0; turn < 12; turn++) {
    await addEvents(test, 2);
    await test.sql(`UPDATE public.event_queue SET due_at = now() + interval '1 hour' WHERE due_at < now() + interval '1 minute'
      AND event_id % 3 = 0`);
    await segments.tend();
  }
  expect(await openSegments()).toBeLessThanOrEqual(6);
  await test.sql('UPDATE public.event_queue SET due_at = now()');
  await start();
  await test.drained();
  expect(await timesHandled(test)).toEqual({ 1: 64 });
});

it('writers, workers and whoever turns the segments at the same time lose no event', async () => {
  let isOver = false;
  const turning = Array.from({ length: 2 }, async () => {
    const segments = new Segments(test.database, 0);
    while (!isOver) await segments.tend().then(() => pause(1));
  });
  await Promise.all([start({ segment: 5, concurrency: 2 }), start({ segment: 5 })]);
  const writers = Array.from({ length: 4 }, (_, writer) =>
    withOwner(test.databases.admin, async (client) => {
      await client.query('SET search_path TO tenant_main');
      for (let turn = 0; turn < 25; turn++) {
        await client.query('BEGIN');
        await add(client, 5, 5);
        if (turn % 5 === writer) await pause(50);
        await client.query('SAVEPOINT one');
        await add(client, 3, 3);
        await client.query(turn % 2 ? 'ROLLBACK TO one' : 'RELEASE one');
        await add(client, 2, 2);
        await client.query(turn % 7 === 6 ? 'ROLLBACK' : 'COMMIT');
      }
    }),
  );
  await Promise.all(writers);
  await test.drained(30_000);
  isOver = true;
  await Promise.all(turning);
  const [events] = await test.sql('SELECT count(*)::integer AS n FROM immigration_event');
  expect(await timesHandled(test)).toEqual({ 1: events!.n });
  expect(events!.n).toBeGreaterThan(700);
}, 60_000);
