import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type OwnerClient, withOwner } from '../../src/database/owner.js';
import { type TestDatabase, testDatabase } from '../helpers/database.js';

// The sums of tasks and of unread notifications. For those of clients see client-count.test.ts.

let database: TestDatabase;
beforeEach(async () => {
  database = await testDatabase();
  await withOwner(database.owner, (client) =>
    client.query(
      "INSERT INTO tenant_main.immigration_user (username, password) SELECT 'u' || i, '' FROM generate_series(1, 5) i",
    ),
  );
});
afterEach(() => database.drop());

/** Connects as the program, with the tenant's role. */
function asTenant<T>(work: (client: OwnerClient) => Promise<T>): Promise<T> {
  return withOwner(database.app, async (client) => {
    await client.query('SET ROLE tenant_main; SET search_path TO tenant_main');
    return await work(client);
  });
}

async function rowsOf(client: OwnerClient, query: string): Promise<unknown[]> {
  return (await client.query(query)).rows;
}

interface Kept {
  readonly table: string;
  readonly sums: string;
  /** The dimensions of the count, as columns of the sums. */
  readonly by: string;
  readonly counted: string;
  readonly steps: readonly string[];
  /** Statements for many concurrent, repeated runs. */
  readonly writes: readonly string[];
}

const TASKS: Kept = {
  table: 'immigration_task',
  sums: 'immigration_task_count',
  by: 'status, priority',
  counted:
    'SELECT status, priority, count(*)::integer AS n FROM immigration_task GROUP BY 1, 2 ORDER BY 1, 2',
  steps: [
    `INSERT INTO immigration_task (title, due_date, status, priority)
     SELECT 'T', now(), (ARRAY['PENDING', 'COMPLETED'])[1 + i % 2], (ARRAY['LOW', 'HIGH', 'URGENT'])[1 + i % 3]
     FROM generate_series(1, 100) i`,
    "UPDATE immigration_task SET status = 'CANCELLED' WHERE id % 5 = 0",
    "UPDATE immigration_task SET priority = 'MEDIUM', title = 'X' WHERE id % 7 = 0",
    'DELETE FROM immigration_task WHERE id % 11 = 0',
    `INSERT INTO immigration_task (id, title, due_date) OVERRIDING SYSTEM VALUE VALUES (1, 'T', now()), (1000, 'T', now())
     ON CONFLICT (id) DO UPDATE SET status = 'IN_PROGRESS'`,
    'BEGIN; DELETE FROM immigration_task; ROLLBACK',
  ],
  writes: [
    "INSERT INTO immigration_task (title, due_date) VALUES ('T', now())",
    `UPDATE immigration_task SET status = 'COMPLETED' WHERE id = (
       SELECT id FROM immigration_task WHERE status = 'PENDING' LIMIT 1 FOR UPDATE SKIP LOCKED)`,
  ],
};

const UNREAD: Kept = {
  table: 'immigration_notification',
  sums: 'unread_count',
  by: 'user_id',
  counted: `
    SELECT assigned_to_id AS user_id, count(*)::integer AS n FROM immigration_notification
    WHERE NOT read AND assigned_to_id IS NOT NULL GROUP BY 1 ORDER BY 1`,
  steps: [
    `INSERT INTO immigration_notification (title, message, assigned_to_id, read)
     SELECT 'N', 'M', nullif(i % 6, 0), i % 4 = 0 FROM generate_series(1, 100) i`,
    'UPDATE immigration_notification SET read = true WHERE id % 5 = 0',
    'UPDATE immigration_notification SET read = NOT read, assigned_to_id = 1 WHERE id % 7 = 0',
    "UPDATE immigration_notification SET title = 'X'",
    'UPDATE immigration_notification SET assigned_to_id = NULL WHERE id % 13 = 0',
    'DELETE FROM immigration_notification WHERE id % 11 = 0',
    'DELETE FROM immigration_user WHERE id = 2',
    'BEGIN; DELETE FROM immigration_notification; ROLLBACK',
  ],
  writes: [
    `INSERT INTO immigration_notification (title, message, assigned_to_id)
     VALUES ('N', 'M', 1 + floor(random() * 5)), ('N', 'M', 1)`,
    `UPDATE immigration_notification SET read = true WHERE id = (
       SELECT id FROM immigration_notification WHERE NOT read LIMIT 1 FOR UPDATE SKIP LOCKED)`,
  ],
};

/** Checks that the kept sums agree with counting. */
async function expectExact(client: OwnerClient, { sums, by, counted }: Kept): Promise<void> {
  const kept = `SELECT ${by}, sum(n)::integer AS n FROM ${sums} GROUP BY ${by} HAVING sum(n) <> 0 ORDER BY ${by}`;
  expect(await rowsOf(client, kept)).toEqual(await rowsOf(client, counted));
}

describe.each([TASKS, UNREAD])('$sums', (kept) => {
  it('follows every kind of change', async () => {
    await asTenant(async (client) => {
      for (const step of kept.steps) {
        await client.query(step);
        await expectExact(client, kept);
      }
    });
    await withOwner(database.owner, async (client) => {
      await client.query(`SET search_path TO tenant_main; TRUNCATE ${kept.table} CASCADE`);
      expect(await rowsOf(client, `SELECT FROM ${kept.sums}`)).toEqual([]);
    });
  });

  it('stays exact while many write, and small', async () => {
    const writer = () =>
      asTenant(async (client) => {
        for (let write = 0; write < 150; write++) for (const one of kept.writes) await client.query(one);
      });
    await Promise.all(Array.from({ length: 6 }, writer));
    await asTenant(async (client) => {
      await expectExact(client, kept);
      expect((await rowsOf(client, `SELECT FROM ${kept.sums}`)).length).toBeLessThan(900);
    });
  });
});
