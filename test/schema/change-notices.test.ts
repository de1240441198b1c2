import { afterAll, beforeAll, expect, it } from 'vitest';
import { type OwnerClient, withOwner } from '../../src/database/owner.js';
import { type TestDatabase, testDatabase } from '../helpers/database.js';

let database: TestDatabase;

beforeAll(async () => {
  database = await testDatabase();
  await withOwner(database.owner, (client) =>
    client.query(`
      SET search_path TO tenant_main;
      INSERT INTO immigration_user (username) VALUES ('ada');
      INSERT INTO immigration_region (name) VALUES ('Region');
      INSERT INTO immigration_branch (name) VALUES ('Branch')`),
  );
});

afterAll(() => database.drop());

/** Returns the notices on both channels while `work` runs. */
async function noticesOf(work: (client: OwnerClient) => Promise<unknown>): Promise<string[]> {
  return await withOwner(database.owner, async (client) => {
    const heard: string[] = [];
    client.on('notification', ({ channel, payload }) => heard.push(`${channel} ${payload}`));
    await client.query('SET search_path TO tenant_main; LISTEN leopard_access; LISTEN leopard_tenants');
    await work(client);
    await client.query('SELECT'); // notices of one's own arrive before the answer to the next statement
    return heard;
  });
}

it.each([
  "UPDATE immigration_user SET is_active = false WHERE username = 'ada'",
  'INSERT INTO immigration_user_groups (user_id, group_id) VALUES (1, 1)',
  'INSERT INTO immigration_user_branches (user_id, branch_id) VALUES (1, 1)',
  'INSERT INTO immigration_user_regions (user_id, region_id) VALUES (1, 1)',
  'INSERT INTO immigration_user_user_permissions (user_id, permission_id) VALUES (1, 1)',
  'DELETE FROM auth_group_permissions WHERE id = 1',
  "UPDATE auth_group SET name = 'RENAMED' WHERE id = 4",
  "INSERT INTO immigration_branch (name) VALUES ('Other')",
  'UPDATE immigration_branch SET region_id = 1',
  'UPDATE immigration_branch SET deleted_at = now()',
])('tells of a change to who may do what: %s', async (statement) => {
  expect(await noticesOf((client) => client.query(statement))).toEqual(['leopard_access tenant_main']);
});

it.each([
  "UPDATE immigration_branch SET phone = '1'",
  "INSERT INTO immigration_client (first_name) VALUES ('Ada')",
])('tells of nothing else: %s', async (statement) => {
  expect(await noticesOf((client) => client.query(statement))).toEqual([]);
});

it('tells once per transaction, and not of one that was rolled back', async () => {
  const insert = "INSERT INTO immigration_user (username) SELECT 'user ' || i FROM generate_series(1, 50) i";
  expect(
    await noticesOf((client) =>
      client.query(`BEGIN; ${insert}; DELETE FROM immigration_user_groups; COMMIT`),
    ),
  ).toEqual(['leopard_access tenant_main']);
  expect(
    await noticesOf((client) => client.query('BEGIN; DELETE FROM immigration_user_groups; ROLLBACK')),
  ).toEqual([]);
});

it('tells of tenants and domains', async () => {
  const tenant = "UPDATE public.tenants_tenant SET is_active = false WHERE schema_name = 'tenant_demo'";
  expect(await noticesOf((client) => client.query(tenant))).toEqual(['leopard_tenants tenant_demo']);
  const domain = "INSERT INTO public.tenants_domain (domain, tenant_id) VALUES ('new.localhost', 2)";
  expect(await noticesOf((client) => client.query(domain))).toEqual(['leopard_tenants tenant_demo']);
  const all = 'TRUNCATE public.tenants_domain';
  expect(await noticesOf((client) => client.query(all))).toEqual(['leopard_tenants ']);
});
