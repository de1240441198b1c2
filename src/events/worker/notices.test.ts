import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  handledBy,
  noteHandling,
  pause,
  startHandling,
  timesHandled,
  type WorkerTest,
  workerTest,
} from '../../../test/helpers/worker.js';
import { Listener } from '../../database/listener.js';
import { withOwner } from '../../database/owner.js';

const WRITERS = 16;
const CHANGES = 12;
/** So long that an event of which no worker learns would be missed. */
const POLL_MS = 60_000;

let test: WorkerTest;
beforeAll(async () => {
  test = await workerTest();
  // Holds up a commit after it was decided whether notice is given: the trigger of this table comes later.
  await test.sql(`
    CREATE TABLE public.slow_commit (milliseconds integer);
    CREATE FUNCTION public.hold_up_commit() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN PERFORM pg_sleep(NEW.milliseconds / 1000.0); RETURN NULL; END';
    CREATE CONSTRAINT TRIGGER hold_up AFTER INSERT ON public.slow_commit DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW EXECUTE FUNCTION public.hold_up_commit()`);
  await test.sql(`INSERT INTO immigration_client (first_name, gender, country)
    SELECT n, 'MALE', 'NP' FROM generate_series(1, ${WRITERS}) n`);
});
afterAll(() => test?.close());

it('every change of many writers is handled soon after its commit, though few give notice', async () => {
  const committed = new Map<number, number>();
  const handled = new Map<number, number>();
  let notices = 0;
  const listener = new Listener(test.databases.app);
  listener.on('leopard_events', () => notices++);
  await listener.start();
  await test.clear();
  await startHandling(test, noteHandling, handledBy(1), {
    pollMs: POLL_MS,
    onHandled: (_schema, events) => {
      for (const { id } of events) handled.set(id, performance.now());
    },
  });
  await test.until(async () => (await test.sql('SELECT FROM public.event_sleeper')).length === 1);
  const writers = Array.from({ length: WRITERS }, (_, writer) =>
    withOwner(test.databases.admin, async (client) => {
      await client.query('SET search_path TO tenant_main');
      for (let change = 0; change < CHANGES; change++) {
        await client.query('BEGIN');
        await client.query(
          `UPDATE immigration_client SET stage = CASE stage WHEN 'LEAD' THEN 'CLIENT' ELSE 'LEAD' END WHERE first_name = $1`,
          [String(writer + 1)],
        );
        if (change % 3 === 0) await pause(Math.random() * 60);
        if (change % 4 === 0)
          await client.query('INSERT INTO public.slow_commit VALUES ($1)', [Math.round(Math.random() * 60)]);
        const { rows } = await client.query(
          'SELECT max(id)::integer AS id FROM immigration_event WHERE entity_id = (SELECT id FROM immigration_client WHERE first_name = $1)',
          [String(writer + 1)],
        );
        await client.query(change % 7 === 6 ? 'ROLLBACK' : 'COMMIT');
        if (change % 7 !== 6) committed.set(rows[0].id, performance.now());
        await pause(Math.random() * 15);
      }
    }),
  );
  await Promise.all(writers);
  await test.until(() => handled.size >= committed.size, 10_000);
  expect([...committed.keys()].filter((id) => !handled.has(id))).toEqual([]);
  expect(await timesHandled(test)).toEqual({ 1: committed.size });
  await listener.close();
  expect(notices).toBeLessThan(committed.size); // one of them when it connected
  const waits = [...committed].map(([id, at]) => (handled.get(id) as number) - at).sort((a, b) => a - b);
  expect(waits[Math.floor(waits.length / 2)]).toBeLessThan(1_000);
});
