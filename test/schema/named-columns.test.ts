import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type OwnerClient, withOwner } from '../../src/database/owner.js';
import { type TestDatabase, testDatabase } from '../helpers/database.js';

// The triggers that work only for statements that name one of their columns.

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());
beforeEach(() =>
  asTenant(async (client) => {
    await client.query('DELETE FROM immigration_client');
    await client.query("INSERT INTO immigration_client (first_name) VALUES ('Ada'), ('Grace')");
  }),
);

/** Connects as the program, with the tenant's role. */
function asTenant<T>(work: (client: OwnerClient) => Promise<T>): Promise<T> {
  return withOwner(database.app, async (client) => {
    await client.query('SET ROLE tenant_main; SET search_path TO tenant_main');
    return await work(client);
  });
}

/** Returns the triggers that a statement fires. */
async function fired(client: OwnerClient, statement: string): Promise<string[]> {
  const { rows } = await client.query(`EXPLAIN (ANALYZE, COSTS off) ${statement}`);
  return rows.flatMap((row) => /^Trigger (\w+)/.exec(row['QUERY PLAN'])?.[1] ?? []);
}

const WORKING = ['count_updated', 'note_search_updated'];

it.each([
  ["description = 'Called'", []],
  ["stage = 'CLIENT'", ['count_updated']],
  ["email = 'ada@example.com'", ['note_search_updated']],
  ['deleted_at = now()', WORKING],
])('UPDATE SET %s', async (change, expected) => {
  await asTenant(async (client) => {
    const all = await fired(client, `UPDATE immigration_client SET ${change}`);
    expect(all).toContain('audit_update');
    expect(all.filter((name) => WORKING.includes(name)).sort()).toEqual(expected);
  });
});

it.each([
  [
    'ON CONFLICT DO UPDATE',
    `INSERT INTO immigration_client (id, first_name) SELECT id, 'New' FROM immigration_client
     ON CONFLICT (id) DO UPDATE SET stage = 'CLOSE', last_name = 'Hopper'`,
  ],
  [
    'MERGE',
    `MERGE INTO immigration_client c USING (SELECT id FROM immigration_client) s ON s.id = c.id
     WHEN MATCHED THEN UPDATE SET stage = 'CLOSE', last_name = 'Hopper'`,
  ],
  [
    'a savepoint that was rolled back',
    `BEGIN; SAVEPOINT one; UPDATE immigration_client SET stage = 'CLIENT', last_name = 'Other'; ROLLBACK TO one;
     UPDATE immigration_client SET stage = 'CLOSE', last_name = 'Hopper'; COMMIT`,
  ],
  [
    'a statement that names the columns behind one that does not',
    `BEGIN; UPDATE immigration_client SET description = 'Called';
     UPDATE immigration_client SET stage = 'CLOSE', last_name = 'Hopper'; COMMIT`,
  ],
])('counts and search follow %s', async (_, statements) => {
  await asTenant(async (client) => {
    await client.query(statements);
    const { rows: kept } = await client.query(
      'SELECT stage, sum(n)::integer AS n FROM immigration_client_count GROUP BY stage HAVING sum(n) <> 0',
    );
    expect(kept).toEqual([{ stage: 'CLOSE', n: 2 }]);
    const { rows } = await client.query(
      "SELECT count(*)::integer AS n FROM client_search WHERE names LIKE '%hopper'",
    );
    expect(rows).toEqual([{ n: 2 }]);
  });
});

it('a client that the search had lost comes back with the next change of its name', async () => {
  await withOwner(database.owner, (client) => client.query('DELETE FROM tenant_main.client_search'));
  await asTenant(async (client) => {
    await client.query("UPDATE immigration_client SET last_name = 'Lovelace'");
    const { rows } = await client.query('SELECT count(*)::integer AS n FROM client_search');
    expect(rows).toEqual([{ n: 2 }]);
  });
});
