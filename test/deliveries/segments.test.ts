import { afterAll, beforeAll, expect, it } from 'vitest';
import { Database } from '../../src/database/database.js';
import { withOwner } from '../../src/database/owner.js';
import type { Statement } from '../../src/database/statement.js';
import { claimDeliveries } from '../../src/deliveries/delivery-queue.js';
import { Segments } from '../../src/events/worker/segments.js';
import { type TestDatabase, testDatabase } from '../helpers/database.js';

const DONE = 20_000;

let databases: TestDatabase;
let database: Database;

beforeAll(async () => {
  databases = await testDatabase();
  database = new Database(databases.app, { size: 2 });
});
afterAll(async () => {
  await database.close();
  await databases.drop();
});

const sql = (text: string) => withOwner(databases.admin, (client) => client.query(text));
const queue = (from: number, to: number) =>
  sql(`INSERT INTO public.delivery_queue (schema_name, delivery_id, destination, due_at)
    SELECT CASE n % 2 WHEN 0 THEN 'tenant_main' ELSE 'tenant_demo' END, n, CASE n % 3 WHEN 0 THEN 'mail' ELSE 'e' || n % 3 END, now()
    FROM generate_series(${from}, ${to}) n`);

/** Claims what is due. @returns the ids, and the number of index entries of the queue that were read for it */
async function claim(): Promise<{ ids: number[]; read: number }> {
  return await withOwner(databases.admin, async (client) => {
    await client.query('BEGIN');
    const publicQuery = async (query: Statement) => {
      const { sql: text, parameters } = query;
      return (await client.query(text, [...parameters])).rows;
    };
    const options = { most: 10, mostPerTenant: 10, mostPerDestination: 10, taken: [], running: new Map() };
    const ids: number[] = [];
    for (const kind of ['webhook', 'email'] as const) {
      const claims = await claimDeliveries({ publicQuery } as unknown as Database, {
        ...options,
        kind,
        after: '',
        leaseSeconds: 60,
      });
      ids.push(...claims.map(({ deliveryId }) => Number(deliveryId)));
    }
    const { rows } =
      await client.query(`SELECT sum(pg_stat_get_xact_tuples_returned(indexrelid))::integer AS read
      FROM pg_index WHERE indrelid = 'public.delivery_queue'::regclass`);
    await client.query('ROLLBACK');
    return { ids: ids.sort((a, b) => a - b), read: rows[0].read };
  });
}

it('a claim of deliveries reads no more when many were sent beside an old transaction', async () => {
  await withOwner(databases.admin, async (old) => {
    await old.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    await old.query('SELECT pg_current_xact_id()');
    await queue(1, DONE);
    await sql('DELETE FROM public.delivery_queue');
    await new Segments(database, 0).tend();
    await queue(DONE + 1, DONE + 6);
    const { ids, read } = await claim();
    expect(ids).toEqual([1, 2, 3, 4, 5, 6].map((n) => DONE + n));
    expect(read).toBeLessThan(200);
    await old.query('COMMIT');
  });
});

it('what waits in several segments is claimed the oldest first, and moves on when there are many', async () => {
  await sql('DELETE FROM public.delivery_queue');
  const segments = new Segments(database, 0);
  for (let turn = 0; turn < 8; turn++) {
    await queue(turn * 6 + 1, turn * 6 + 6);
    await segments.tend();
  }
  const { rows } = await sql('SELECT FROM public.delivery_segment');
  expect(rows.length).toBeLessThanOrEqual(6);
  const { ids } = await claim();
  expect(ids).toHaveLength(20);
  const webhooks = ids.filter((id) => id % 3 !== 0);
  expect(Math.max(...webhooks)).toBeLessThanOrEqual(18); // of 32, those of the first turns
});
