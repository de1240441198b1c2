import { afterEach, beforeEach, expect, it } from 'vitest';
import { type OwnerClient, withOwner } from '../../src/database/owner.js';
import { type TestDatabase, testDatabase } from '../helpers/database.js';

const STAGES = ['LEAD', 'FOLLOW_UP', 'CLIENT', 'CLOSE'];

let database: TestDatabase;

beforeEach(async () => {
  database = await testDatabase();
  await withOwner(database.owner, (client) =>
    client.query(
      "INSERT INTO tenant_main.immigration_branch (name) SELECT 'Branch ' || i FROM generate_series(1, 4) i",
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

/** Returns the table's counts, and the result of counting. */
async function counts(client: OwnerClient) {
  const kept = await client.query(`
    SELECT branch_id, stage, active, deleted, sum(n)::integer AS n
    FROM immigration_client_count GROUP BY 1, 2, 3, 4 HAVING sum(n) <> 0 ORDER BY 1, 2, 3, 4`);
  const counted = await client.query(`
    SELECT branch_id, stage, active, deleted_at IS NOT NULL AS deleted, count(*)::integer AS n
    FROM immigration_client GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4`);
  return { kept: kept.rows, counted: counted.rows };
}

async function rowsKept(client: OwnerClient): Promise<number> {
  const { rows } = await client.query('SELECT count(*)::integer AS n FROM immigration_client_count');
  return rows[0].n;
}

it('follows every kind of change', async () => {
  await asTenant(async (client) => {
    const steps = [
      `INSERT INTO immigration_client (branch_id, stage, active)
       SELECT 1 + i % 4, (ARRAY['LEAD', 'CLIENT', 'CLOSE'])[1 + i % 3], i % 2 = 0 FROM generate_series(1, 100) i`,
      "UPDATE immigration_client SET stage = 'FOLLOW_UP' WHERE id % 5 = 0",
      'UPDATE immigration_client SET branch_id = NULL WHERE id % 7 = 0',
      'UPDATE immigration_client SET deleted_at = now() WHERE id % 3 = 0',
      'DELETE FROM immigration_client WHERE id % 11 = 0',
      `INSERT INTO immigration_client (id, stage) OVERRIDING SYSTEM VALUE VALUES (1, 'LEAD'), (1000, 'LEAD')
       ON CONFLICT (id) DO UPDATE SET stage = 'CLOSE'`,
    ];
    for (const step of steps) {
      await client.query(step);
      const { kept, counted } = await counts(client);
      expect(kept).toEqual(counted);
    }
    await client.query('BEGIN; DELETE FROM immigration_client; ROLLBACK');
    const { kept, counted } = await counts(client);
    expect(kept).toEqual(counted);
  });
  await withOwner(database.owner, async (client) => {
    await client.query('SET search_path TO tenant_main; TRUNCATE immigration_client CASCADE');
    expect(await rowsKept(client)).toBe(0);
  });
});

it('writes nothing when nothing that is counted changes', async () => {
  await asTenant(async (client) => {
    await client.query('INSERT INTO immigration_client DEFAULT VALUES');
    const before = await rowsKept(client);
    await client.query("UPDATE immigration_client SET first_name = 'Ada', stage = stage");
    expect(await rowsKept(client)).toBe(before);
  });
});

it('stays exact while many write, and small', async () => {
  const WRITERS = 8;
  const WRITES = 250;
  const random = (below: number) => Math.floor(Math.random() * below);
  const writer = () =>
    asTenant(async (client) => {
      for (let write = 0; write < WRITES; write++) {
        const level = write % 10 === 0 ? 'REPEATABLE READ' : 'READ COMMITTED';
        await client.query(`BEGIN ISOLATION LEVEL ${level}`);
        const stage = STAGES[random(4)];
        try {
          await client.query(
            'INSERT INTO immigration_client (branch_id, stage, active) VALUES ($1, $2, $3)',
            [1 + random(4), stage, random(2) === 0],
          );
          await client.query(
            `UPDATE immigration_client SET stage = $1, deleted_at = CASE WHEN $2 THEN now() END
             WHERE id = (SELECT id FROM immigration_client OFFSET $3 LIMIT 1 FOR UPDATE SKIP LOCKED)`,
            [stage, random(5) === 0, random(50)],
          );
          // Not one that another writer has locked: two that want each other's would deadlock.
          if (random(4) === 0)
            await client.query(
              `DELETE FROM immigration_client
               WHERE id = (SELECT id FROM immigration_client WHERE id = $1 FOR UPDATE SKIP LOCKED)`,
              [random(2000)],
            );
        } catch (error) {
          // Two writers of one client under REPEATABLE READ; the count must be right whichever fails.
          if ((error as { code?: string }).code !== '40001') throw error;
        }
        await client.query(random(10) === 0 ? 'ROLLBACK' : 'COMMIT');
      }
    });
  let done = false;
  let looks = 0;
  const reader = asTenant(async (client) => {
    while (!done) {
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
      const { kept, counted } = await counts(client);
      expect(kept).toEqual(counted);
      await client.query('COMMIT');
      looks++;
    }
  });
  await Promise.all(Array.from({ length: WRITERS }, writer)).finally(() => {
    done = true;
  });
  await reader;
  expect(looks).toBeGreaterThan(10);
  await asTenant(async (client) => {
    const { kept, counted } = await counts(client);
    expect(kept).toEqual(counted);
    // Some 4,000 changes were made of at most 32 kinds.
    expect(await rowsKept(client)).toBeLessThan(1_000);
  });
});
