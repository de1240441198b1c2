import { afterAll, beforeAll, expect, test } from 'vitest';
import { withOwner } from '../../src/database/owner.js';
import { TENANTS_ROWS } from '../../src/moving/public-rows.js';
import { type TestDatabase, testDatabase } from '../helpers/database.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());

/** Tables of the catalogue that name tenants, of which a move leaves the rows where they are. */
const OF_THE_CATALOGUE = ['tenants_tenant', 'tenant_deletion'];

test('a move knows what becomes of the rows of a tenant in each table of public', async () => {
  const { rows } = await withOwner(database.owner, (client) =>
    client.query(
      `SELECT c.relname AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'schema_name'
       WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND NOT a.attisdropped ORDER BY 1`,
    ),
  );
  const tables = rows.map(({ name }) => name).filter((name) => !OF_THE_CATALOGUE.includes(name));
  expect(tables).toEqual(Object.keys(TENANTS_ROWS).sort());
});
