import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addEvents,
  eventsWithQueue,
  handledBy,
  makeDue,
  noteHandling,
  pause,
  type Row,
  STAGE,
  startHandling,
  timesHandled,
  useWorkerTest,
  type WorkerOptions,
  type WorkerTest,
} from '../../../test/helpers/worker.js';
import { withOwner } from '../../database/owner.js';
import { statement } from '../../database/statement.js';
import type { Handler } from '../handlers/handler.js';
import type { EventTypeConfig, TaskConfig } from '../types.js';
import { retryDelay } from './event-outcome.js';

type Handle = Handler<TaskConfig>['handle'];

let test: WorkerTest;
useWorkerTest((made) => {
  test = made;
});

const start = (handle: Handle, type?: EventTypeConfig, options?: WorkerOptions) =>
  startHandling(test, handle, type, options);
const events = () => eventsWithQueue(test);
const event = async () => (await events())[0] as Row;
const untilStatus = (status: string, retries = 0) =>
  test.until(async () => {
    const { status: now, retries: count } = await event();
    return now === status && count >= retries;
  });

const fail: Handle = () => Promise.reject(new Error('no luck'));

describe('a handler that fails', () => {
  it('is tried again later and later, then the event has failed, is kept, and admins are told', async () => {
    await addEvents(test, 1);
    await start(fail);
    for (const [retries, seconds] of [
      [1, 1],
      [2, 2],
    ] as const) {
      await untilStatus('PENDING', retries);
      const { error, wait, left, processed } = await event();
      expect([error, processed]).toEqual(['task: no luck', false]);
      // Measured from the transaction that failed: after its start, before it is seen here.
      expect(wait).toBeGreaterThanOrEqual(seconds);
      expect(left).toBeLessThan(seconds * 2);
      await makeDue(test);
    }
    await untilStatus('FAILED');
    const failed = await event();
    expect(failed).toMatchObject({ retries: 2, error: 'task: no luck', processed: true, wait: null });
    expect(failed.results.task).toEqual({
      handler_name: 'task',
      status: 'FAILED',
      message: 'failed',
      error: 'no luck',
      data: null,
    });
    const alerts = await test.sql(
      'SELECT notification_type AS type, assigned_to_id::integer AS to, meta_info AS meta FROM immigration_notification',
    );
    expect(alerts).toEqual([
      {
        type: 'SYSTEM_ALERT',
        to: 1,
        meta: { event_id: failed.id, event_type: STAGE, error_message: 'task: no luck' },
      },
    ]);
  });

  it('waits from 1 to 2 s, from 2 to 4 s, 4 to 8 s … an hour at most', () => {
    fc.assert(
      fc.property(fc.nat(40), fc.double({ min: 0, max: 1, noNaN: true }), (retries, random) => {
        const shortest = Math.min(1800, 2 ** retries);
        const wait = retryDelay(retries, random);
        expect(wait).toBeGreaterThanOrEqual(shortest);
        expect(wait).toBeLessThanOrEqual(shortest * 2);
      }),
    );
  });

  it('leaves nothing behind, while what the others have done stays and is not done again', async () => {
    let calls = 0;
    await addEvents(test, 1);
    await start(async (work, transaction) => {
      const call = calls++;
      await noteHandling(work, transaction);
      if (call % 3 === 1 && call < 4) throw new Error('after writing');
      return { status: 'SUCCESS', message: `call ${call}` };
    }, handledBy(3));
    await untilStatus('PENDING', 1);
    const { results, error } = await event();
    expect(error).toBe('task_2: after writing');
    expect(Object.values(results).map((result) => (result as Row).status)).toEqual([
      'SUCCESS',
      'FAILED',
      'SUCCESS',
    ]);
    expect(await timesHandled(test)).toEqual({ 2: 1 });
    await makeDue(test);
    await untilStatus('COMPLETED');
    expect((await event()).results).toMatchObject({
      task: { message: 'call 0' },
      task_2: { status: 'SUCCESS', message: 'call 3' },
      task_3: { message: 'call 2' },
    });
    expect(await timesHandled(test)).toEqual({ 3: 1 });
    expect((await event()).error).toBeNull();
  });

  it('by a statement that it does not wait for has failed', async () => {
    await addEvents(test, 1);
    await start(async (_work, transaction) => {
      transaction.query(statement('SELECT 1 / 0')).catch(() => undefined);
      return { status: 'SUCCESS', message: 'as if nothing was' };
    });
    await untilStatus('PENDING', 1);
    expect((await event()).error).toBe('task: division by zero');
  });

  it('says what the database cannot hold in words that it can', async () => {
    await addEvents(test, 1);
    await start(() => Promise.reject(new Error('a\0b \ud800 c')));
    await untilStatus('PENDING', 1);
    expect((await event()).error).toBe('task: ab \ufffd c');
  });

  it('among many others holds up none of them', async () => {
    await addEvents(test, 200);
    const ids = (await events()).map(({ id }) => id as number);
    await start(async (work, transaction) => {
      if (work.event.id % 7 === 0) throw new Error('seven');
      return await noteHandling(work, transaction);
    });
    await test.until(async () =>
      (await events()).every(({ retries, status }) => retries > 0 || status === 'COMPLETED'),
    );
    const sevens = ids.filter((id) => id % 7 === 0).length;
    expect(await timesHandled(test)).toEqual({ 0: sevens, 1: 200 - sevens });
  });
});

describe('a handler that hangs', () => {
  it.each([
    ['for ever', () => new Promise<never>(() => undefined), /took longer than an event may take/],
    [
      'in the database',
      async (_work, transaction) => {
        await transaction.query(statement('SELECT pg_sleep(60)'));
        return { status: 'SUCCESS', message: 'slept well' };
      },
      /took longer|statement timeout/,
    ],
  ] as [string, Handle, RegExp][])('%s has failed after its time limit', async (_name, handle, error) => {
    await addEvents(test, 1);
    await start(handle, handledBy(1), { limits: { event: 300, together: 200 } });
    await untilStatus('PENDING', 1);
    expect((await event()).error).toMatch(error);
  });

  it('writes nothing any more when it goes on after that', async () => {
    await addEvents(test, 1);
    let late: Promise<unknown> | undefined;
    const hang: Handle = async (work, transaction) => {
      await pause(600);
      late = noteHandling(work, transaction);
      late.catch(() => undefined);
      return await noteHandling(work, transaction);
    };
    await start(hang, handledBy(1, { max_retries: 0 }), { limits: { event: 300 } });
    await test.sql('UPDATE immigration_event SET max_retries = 0');
    await untilStatus('FAILED');
    await pause(500);
    await expect(late).rejects.toThrow('took longer');
    expect(await timesHandled(test)).toEqual({ 1: 1 }); // the alert
  });
});

describe('an alert that cannot be written', () => {
  it('is written later, keeps its event failed, and holds up nothing of its record', async () => {
    await test.sql(`
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no notifications''; END';
      CREATE TRIGGER refuse BEFORE INSERT ON immigration_notification FOR EACH ROW EXECUTE FUNCTION refuse();`);
    await addEvents(test, 3, { records: 1 });
    await test.sql('UPDATE immigration_event SET max_retries = 0');
    let isFirst = true;
    const running = async () => {
      await start(
        async () => {
          const fails = isFirst;
          isFirst = false;
          if (fails) throw new Error('no luck');
          return { status: 'SUCCESS', message: '' };
        },
        handledBy(1),
        { limits: { batch: 1 } },
      );
    };
    await running();
    await test.until(async () => (await events()).every(({ processed }) => processed));
    const states = async () => (await events()).map(({ status, error }) => [status, error]);
    const done = [
      ['FAILED', 'task: no luck'],
      ['COMPLETED', null],
      ['COMPLETED', null],
    ];
    expect(await states()).toEqual(done);
    expect((await event()).left).toBeGreaterThan(2);
    await makeDue(test); // still rejected
    await test.until(async () => (await event()).left > 1);
    await test.sql('DROP TRIGGER refuse ON immigration_notification; DROP FUNCTION refuse()');
    await makeDue(test);
    await test.drained();
    expect(await states()).toEqual(done);
    const alerts = await test.sql(
      'SELECT notification_type AS type, meta_info AS meta FROM immigration_notification',
    );
    expect(alerts).toEqual([
      {
        type: 'SYSTEM_ALERT',
        meta: { event_id: (await event()).id, event_type: STAGE, error_message: 'task: no luck' },
      },
    ]);
  });
});

describe('what this version does not know', () => {
  it('waits for one that does, without an attempt, and with it what comes after of the same record', async () => {
    await addEvents(test, 1, { type: 'Client.new.UPDATE' });
    await addEvents(test, 2);
    await start(noteHandling);
    await test.until(async () => (await events())[2]!.status === 'COMPLETED');
    const [unknown, same] = await events();
    expect(unknown).toMatchObject({
      status: 'PENDING',
      retries: 0,
      error: 'this version of the program does not know Client.new.UPDATE',
    });
    expect(unknown!.wait).toBeGreaterThan(5);
    expect(same).toMatchObject({ status: 'PENDING' });
  });

  it('waits for the version whose handler has failed', async () => {
    await addEvents(test, 1);
    await test.sql(`UPDATE immigration_event SET retry_count = 1, handler_results =
      '{"task": {"status": "SUCCESS"}, "new": {"status": "FAILED"}, "old": {"status": "SKIPPED"}}'`);
    await start(noteHandling);
    await test.until(async () => (await event()).error !== null);
    expect(await event()).toMatchObject({
      status: 'PENDING',
      retries: 1,
      error: 'this version of the program does not know new',
    });
  });

  it('has failed when nobody knew it for an hour', async () => {
    await addEvents(test, 1, { type: 'Client.new.UPDATE' });
    await test.sql(`UPDATE immigration_event SET created_at = now() - interval '61 minutes'`);
    await start(noteHandling);
    await untilStatus('FAILED');
  });
});

it('records that somebody has locked are waited for without an attempt', async () => {
  await addEvents(test, 1);
  await test.sql(`INSERT INTO immigration_lpe (name) VALUES ('locked')`);
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const holding = test.database.tenantTransaction(
    { schema: 'tenant_main', userId: null },
    async (transaction) => {
      await transaction.query(statement('SELECT FROM immigration_lpe FOR UPDATE'));
      await held;
    },
  );
  await start(async (work, transaction) => {
    await transaction.query(statement(`SET LOCAL lock_timeout TO '100ms'`));
    await transaction.query(statement('UPDATE immigration_lpe SET description = $1', ['done']));
    return await noteHandling(work, transaction);
  });
  await test.until(async () => (await event()).error !== null);
  expect(await event()).toMatchObject({
    status: 'PENDING',
    retries: 0,
    error: expect.stringMatching(/lock/),
  });
  release();
  await holding;
  await untilStatus('COMPLETED');
  expect(await timesHandled(test)).toEqual({ 1: 1 });
});

it('records that stay locked hold up no others of their tenant', async () => {
  const locked = 30;
  await test.sql(`DELETE FROM immigration_lpe;
    INSERT INTO immigration_lpe (name) SELECT n::text FROM generate_series(1, 300) n`);
  await addEvents(test, 300);
  const { owner } = test.databases;
  await withOwner(owner, async (client) => {
    await client.query('BEGIN');
    await client.query('SELECT FROM tenant_main.immigration_lpe WHERE name::integer <= $1 FOR UPDATE', [
      locked,
    ]);
    await start(async (work, transaction) => {
      const name = String(work.event.record_id);
      await transaction.query(
        statement('UPDATE immigration_lpe SET description = $1 WHERE name = $1', [name]),
      );
      return await noteHandling(work, transaction);
    });
    const completed = async () => (await events()).filter(({ status }) => status === 'COMPLETED').length;
    await test.until(async () => (await completed()) === 300 - locked, 20_000);
    await client.query('COMMIT');
  });
  await test.drained(20_000);
  expect(await timesHandled(test)).toEqual({ 1: 300 });
  expect(new Set((await events()).map(({ retries }) => retries))).toEqual(new Set([0]));
}, 60_000);

it('events of each record come to a success in their order, whatever fails', async () => {
  await addEvents(test, 400, { records: 23, type: STAGE });
  await test.sql('UPDATE immigration_event SET max_retries = 20');
  const order: { id: number; record: number }[] = [];
  const failures = new Map<number, number>();
  const handle: Handle = async (work, transaction) => {
    const { id, record_id: record } = work.event;
    const failed = failures.get(id) ?? 0;
    if (failed < 3 && Math.random() < 0.1) {
      failures.set(id, failed + 1);
      await transaction.query(statement('SELECT 1'));
      throw new Error('bad luck');
    }
    order.push({ id, record });
    return await noteHandling(work, transaction);
  };
  await Promise.all([start(handle), start(handle, handledBy(1), { concurrency: 2 })]);
  await test.until(async () => {
    await makeDue(test);
    return (await events()).every(({ wait }) => wait === null);
  }, 40_000);
  expect(await timesHandled(test)).toEqual({ 1: 400 });
  // What was done and undone is done again: the last time counts.
  const last = new Map(order.map(({ id }, place) => [id, place]));
  const byRecord = new Map<number, number[]>();
  for (const { id, record } of order) byRecord.set(record, [...(byRecord.get(record) ?? []), id]);
  for (const ids of byRecord.values()) {
    const wanted = [...new Set(ids)].sort((a, b) => a - b);
    expect([...wanted].sort((a, b) => last.get(a)! - last.get(b)!)).toEqual(wanted);
  }
}, 60_000);
