import { afterAll, beforeAll, expect, it } from 'vitest';
import { withOwner } from '../../src/database/owner.js';
import { type TestDatabase, testDatabase } from '../helpers/database.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database?.drop());

it('an index begins with the columns of each foreign key, so that deleting reads no whole table', async () => {
  const rows = await withOwner(database.owner, async (client) => {
    const found = await client.query<{ key: string }>(
      `SELECT conrelid::regclass || '.' || conname AS key
       FROM pg_constraint c
       WHERE c.contype = 'f' AND c.connamespace IN ('tenant_main'::regnamespace, 'public'::regnamespace)
         AND NOT EXISTS (
           SELECT FROM pg_index i
           WHERE i.indrelid = c.conrelid AND (i.indkey::smallint[])[0:cardinality(c.conkey) - 1] @> c.conkey)
       ORDER BY 1`,
    );
    return found.rows;
  });
  expect(rows).toEqual([]);
});
