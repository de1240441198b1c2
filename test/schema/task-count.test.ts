import { afterEach, beforeEach, expect, it } from 'vitest';
import { type OwnerClient, withOwner } from '../../src/database/owner.js';
import { type TestDatabase, testDatabase } from '../helpers/database.js';

let database: TestDatabase;
beforeEach(async () => {
  database = await testDatabase();
});
afterEach(() => database.drop());

/** Connected as the program, with the tenant's role. */
function asTenant<T>(work: (client: OwnerClient) => Promise<T>): Promise<T> {
  return withOwner(database.app, async (client) => {
    await client.query('SET ROLE tenant_main; SET search_path TO tenant_main');
    return await work(client);
  });
}

async function rowsOf(client: OwnerClient, query: string): Promise<unknown[]> {
  return (await client.query(query)).rows;
}

/** The kept sums agree with counting. */
async function expectExact(client: OwnerClient): Promise<void> {
  const kept = await rowsOf(
    client,
    `SELECT status, priority, sum(n)::integer AS n FROM immigration_task_count
     GROUP BY 1, 2 HAVING sum(n) <> 0 ORDER BY 1, 2`,
  );
  const counted = `SELECT status, priority, count(*)::integer AS n FROM immigration_task GROUP BY 1, 2 ORDER BY 1, 2`;
  expect(kept).toEqual(await rowsOf(client, counted));
}

it('follows every kind of change', async () => {
  await asTenant(async (client) => {
    for (const step of [
      `INSERT INTO immigration_task (title, due_date, status, priority)
       SELECT 'T', now(), (ARRAY['PENDING', 'COMPLETED'])[1 + i % 2], (ARRAY['LOW', 'HIGH', 'URGENT'])[1 + i % 3]
       FROM generate_series(1, 100) i`,
      "UPDATE immigration_task SET status = 'CANCELLED' WHERE id % 5 = 0",
      "UPDATE immigration_task SET priority = 'MEDIUM', title = 'X' WHERE id % 7 = 0",
      'DELETE FROM immigration_task WHERE id % 11 = 0',
      `INSERT INTO immigration_task (id, title, due_date) OVERRIDING SYSTEM VALUE VALUES (1, 'T', now()), (1000, 'T', now())
       ON CONFLICT (id) DO UPDATE SET status = 'IN_PROGRESS'`,
      'BEGIN; DELETE FROM immigration_task; ROLLBACK',
    ]) {
      await client.query(step);
      await expectExact(client);
    }
  });
  await withOwner(database.owner, async (client) => {
    await client.query('SET search_path TO tenant_main; TRUNCATE immigration_task CASCADE');
    expect(await rowsOf(client, 'SELECT FROM immigration_task_count')).toEqual([]);
  });
});

it('stays exact while many write, and small', async () => {
  const writer = () =>
    asTenant(async (client) => {
      for (let write = 0; write < 150; write++) {
        await client.query("INSERT INTO immigration_task (title, due_date) VALUES ('T', now())");
        await client.query(
          `UPDATE immigration_task SET status = 'COMPLETED' WHERE id = (
             SELECT id FROM immigration_task WHERE status = 'PENDING' LIMIT 1 FOR UPDATE SKIP LOCKED)`,
        );
      }
    });
  await Promise.all(Array.from({ length: 6 }, writer));
  await asTenant(async (client) => {
    await expectExact(client);
    expect((await rowsOf(client, 'SELECT FROM immigration_task_count')).length).toBeLessThan(900);
  });
});
