import { describe, expect, it } from 'vitest';
import {
  addEvents,
  eventsWithQueue,
  handledBy,
  makeDue,
  noteHandling,
  pause,
  startHandling,
  timesHandled,
  useWorkerTest,
  type WorkerOptions,
  type WorkerTest,
} from '../../../test/helpers/worker.js';
import { statement } from '../../database/statement.js';
import type { Handler } from '../handlers/handler.js';
import type { EventTypeConfig, TaskConfig } from '../types.js';

type Handle = Handler<TaskConfig>['handle'];

let test: WorkerTest;
useWorkerTest((made) => {
  test = made;
});

const start = (handle: Handle, type?: EventTypeConfig, options?: WorkerOptions) =>
  startHandling(test, handle, type, options);
const events = () => eventsWithQueue(test);

describe('an event that takes its worker down', () => {
  const claims = (count: number, condition = 'true') =>
    test.sql(`UPDATE public.event_queue SET claims = ${count} WHERE ${condition}`);

  it('is handled alone after some times, in the order of its record', async () => {
    await addEvents(test, 6, { records: 2 });
    const ids = (await events()).map(({ id }) => id as number);
    await claims(5, `event_id = ${ids[2]}`);
    const order: number[] = [];
    await start(async (work) => {
      order.push(work.event.id);
      return { status: 'SUCCESS', message: '' };
    });
    await test.drained();
    expect([...order].sort((a, b) => a - b)).toEqual(ids);
    for (const record of [0, 1])
      expect(order.filter((id) => ids.indexOf(id) % 2 === record)).toEqual(
        ids.filter((_id, index) => index % 2 === record),
      );
  });

  it('has failed after more, untried, and admins are told', async () => {
    await addEvents(test, 2);
    const ids = (await events()).map(({ id }) => id as number);
    await claims(11, `event_id = ${ids[0]}`);
    await start(noteHandling);
    await test.drained();
    const [first, second] = await events();
    expect(first).toMatchObject({ status: 'FAILED', error: 'took its worker down 8 times' });
    expect(second).toMatchObject({ status: 'COMPLETED' });
    const alerts = await test.sql(
      `SELECT FROM immigration_notification WHERE notification_type = 'SYSTEM_ALERT' AND title LIKE 'Event failed%'`,
    );
    expect(alerts).toHaveLength(1);
  });

  it('is tried again later and later, counted each time, and in the end has failed; the others get on', async () => {
    await addEvents(test, 60);
    const poison = (await events())[7]!.id as number;
    const tries: number[] = [];
    await start(
      async (work, transaction) => {
        if (work.event.id !== poison) return await noteHandling(work, transaction);
        tries.push(performance.now());
        const [row] = await transaction.query(statement<{ pid: number }>('SELECT pg_backend_pid() AS pid'));
        await test.sql('SELECT pg_terminate_backend($1)', [row!.pid]);
        return await new Promise(() => undefined);
      },
      handledBy(1),
      { limits: { event: 200 } },
    );
    const claimed = async () =>
      (await test.sql('SELECT claims FROM public.event_queue'))[0]?.claims as number;
    await test.until(async () => tries.length >= 6, 30_000); // three times among others, then alone
    expect(tries[5]! - tries[4]!).toBeGreaterThan(1_900);
    expect(await timesHandled(test)).toEqual({ 0: 1, 1: 59 });
    const wait = `SELECT extract(epoch FROM due_at - clock_timestamp())::float8 AS left FROM public.event_queue`;
    expect((await test.sql(wait))[0]!.left).toBeGreaterThan(3);
    for (let count = await claimed(); count !== undefined; count = await claimed()) {
      await test.until(async () => {
        await makeDue(test); // again where it is still in a worker's hands
        return (await claimed()) !== count;
      });
    }
    expect((await events())[7]).toMatchObject({
      status: 'FAILED',
      retries: 0,
      error: 'took its worker down 8 times',
    });
    expect(tries).toHaveLength(3 + 8);
  }, 60_000);

  it('is none of those that were in hand while connections were cut for a while', async () => {
    await addEvents(test, 200, { records: 150 });
    const options = { pollMs: 50, concurrency: 2 };
    await Promise.all([
      start(noteHandling, handledBy(1), options),
      start(noteHandling, handledBy(1), options),
    ]);
    const cut = setInterval(() => {
      const others = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'leopard' AND query NOT LIKE '%claim_events%'`;
      test.sql(others).catch(() => undefined);
    }, 4);
    await pause(6_000);
    clearInterval(cut);
    await test.sql('UPDATE public.event_queue SET due_at = now()').catch(() => undefined);
    await test.drained(30_000);
    expect(await timesHandled(test)).toEqual({ 1: 200 });
    expect(new Set((await events()).map(({ status }) => status))).toEqual(new Set(['COMPLETED']));
  }, 60_000);

  it('counts no claim of an event that had to wait for an earlier one of its record', async () => {
    await addEvents(test, 2, { records: 1 });
    const [first, second] = (await events()).map(({ id }) => id as number);
    await test.sql('UPDATE public.event_queue SET claims = 1');
    const main = { schema: 'tenant_main', userId: null };
    const taken = await test.database.tenantTransaction(main, async (transaction) => {
      const rows = await transaction.query(
        statement<{ event_id: number }>('SELECT event_id FROM public.take_events($1)', [[second]]),
      );
      return rows.map(({ event_id }) => event_id);
    });
    expect(taken).toEqual([]);
    const rows = await test.sql('SELECT event_id::integer AS id, claims FROM public.event_queue ORDER BY 1');
    expect(rows).toEqual([
      { id: first, claims: 1 },
      { id: second, claims: 0 },
    ]);
  });
});
