import { afterAll, beforeAll, expect, test } from 'vitest';
import { type OwnerClient, withOwner } from '../../src/database/owner.js';
import { type TestDatabase, testDatabase } from './database.js';
import { WriteWatch } from './written.js';

let databases: TestDatabase;
let watch: WriteWatch;

beforeAll(async () => {
  databases = await testDatabase();
  watch = await WriteWatch.open(databases);
});
afterAll(async () => {
  await watch?.close();
  await databases?.drop();
});

/** Returns the tables that differ after this work. */
async function seen(work: (client: OwnerClient) => Promise<unknown>): Promise<string[]> {
  const before = await watch.state();
  await withOwner(databases.admin, work);
  const after = await watch.state();
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (table) => before[table] !== after[table],
  );
}

const REGION = `INSERT INTO tenant_main.immigration_region (name, description) VALUES ('North', '')`;

test('sees every insert, update and delete, and at what', async () => {
  for (const change of [
    REGION,
    'UPDATE tenant_main.immigration_region SET name = name',
    'DELETE FROM tenant_main.immigration_region',
  ]) {
    expect(await seen((client) => client.query(change)), change).toContain('tenant_main.immigration_region');
  }
  expect(await seen((client) => client.query('UPDATE public.tenants_tenant SET name = name'))).toEqual([
    'tenants_tenant',
  ]);
});

test('sees nothing where nothing was written, or only what was taken back', async () => {
  const nothing = [
    'SELECT count(*) FROM tenant_main.immigration_client',
    `BEGIN; ${REGION}; ROLLBACK`,
    'SELECT * FROM tenant_main.auth_group FOR UPDATE',
    'UPDATE tenant_main.immigration_region SET name = name WHERE false',
  ];
  for (const sql of nothing) expect(await seen((client) => client.query(sql)), sql).toEqual([]);
});

test('sees what was begun before its look and committed after it', async () => {
  await withOwner(databases.admin, async (client) => {
    await client.query(`BEGIN; ${REGION}`);
    expect(await seen(() => client.query('COMMIT'))).toContain('tenant_main.immigration_region');
  });
});
