import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Database } from '../../src/database/database.js';
import { type OwnerClient, withOwner } from '../../src/database/owner.js';
import { statement } from '../../src/database/statement.js';
import { type TestDatabase, testDatabase } from '../helpers/database.js';
import { everyAccess, readObjects, type SchemaObjects } from './catalog.js';

const TENANTS = ['tenant_main', 'tenant_demo'];
const PERMISSION_DENIED = '42501';

let databases: TestDatabase;
let database: Database;
let objects: Map<string, SchemaObjects>;

beforeAll(async () => {
  databases = await testDatabase();
  database = new Database(databases.app, { size: 2 });
  objects = new Map();
  for (const schema of TENANTS) objects.set(schema, await readObjects(databases.admin, schema));
});
afterAll(async () => {
  await database?.close();
  await databases?.drop();
});

/** Returns PostgreSQL's error code for a statement, or null when it succeeds. */
async function refusal(client: OwnerClient, sql: string): Promise<string | null> {
  return await client.query(sql).then(
    () => null,
    (error: { code?: string; message: string }) => error.code ?? error.message,
  );
}

/**
 * Returns the statements that are not refused with "permission denied", each in a transaction that begins like this.
 */
async function allowed(opening: string, statements: readonly string[]): Promise<string[]> {
  return await withOwner(databases.app, async (client) => {
    const found: string[] = [];
    for (const sql of statements) {
      await client.query(opening);
      const code = await refusal(client, sql);
      if (code !== PERMISSION_DENIED) found.push(`${code ?? 'obeyed'}: ${sql}`);
      await client.query('ROLLBACK');
    }
    return found;
  });
}

/** Returns a tenant transaction that does one thing; every refusal ends its transaction. */
const inTenant = (schema: string, sql: string) =>
  database.tenantTransaction({ schema, userId: 1 }, (transaction) => transaction.query(statement(sql)));

describe('the program’s own role, without a tenant transaction', () => {
  test.each(TENANTS)('can do nothing with anything of %s', async (schema) => {
    const found = objects.get(schema) as SchemaObjects;
    expect(found.relations.length).toBeGreaterThan(40);
    expect(found.sequences.length).toBeGreaterThan(30);
    expect(found.functions.length).toBeGreaterThan(3);
    expect(await allowed('BEGIN', everyAccess(found))).toEqual([]);
  });

  test('nor when it sets the search path, or tries to be someone else', async () => {
    const statements = [
      'SET ROLE leopard_owner',
      'SET ROLE postgres',
      'SET ROLE pg_read_all_data',
      'SET ROLE pg_execute_server_program',
      'SET SESSION AUTHORIZATION leopard_owner',
      'SET SESSION AUTHORIZATION tenant_main',
      'ALTER ROLE leopard_app SUPERUSER',
      'ALTER ROLE leopard_app INHERIT',
      'GRANT tenant_main TO leopard_app WITH INHERIT TRUE',
      'GRANT USAGE ON SCHEMA tenant_main TO leopard_app',
      'ALTER SCHEMA tenant_main OWNER TO leopard_app',
      "COPY (SELECT 1) TO PROGRAM 'true'",
      "SELECT pg_read_file('PG_VERSION')",
      'CREATE EXTENSION dblink',
    ];
    expect(await allowed('BEGIN', statements)).toEqual([]);
    await withOwner(databases.app, async (client) => {
      await client.query('SET search_path TO tenant_main');
      expect(await refusal(client, 'SELECT FROM immigration_client')).toBe('42P01'); // as if it did not exist
    });
  });

  test('what a tenant transaction sets ends with it, whether it commits or fails', async () => {
    const question = statement<object>(
      `SELECT current_user AS role, current_setting('search_path') AS path, current_setting('timezone') AS zone,
              coalesce(current_setting('leopard.user_id', true), '') AS user_id`,
    );
    const outside = await database.publicQuery(question);
    const inside = await database.tenantQuery({ schema: 'tenant_main', userId: 7 }, question);
    expect(inside).toEqual([
      { role: 'tenant_main', path: 'tenant_main, pg_temp', zone: 'UTC', user_id: '7' },
    ]);
    expect(outside).toMatchObject([{ role: 'leopard_app', path: 'public, pg_temp', user_id: '' }]);
    await expect(inTenant('tenant_main', 'SELECT 1/0')).rejects.toThrow('division by zero');
    // Both connections of the pool.
    const after = await Promise.all([database.publicQuery(question), database.publicQuery(question)]);
    expect(after).toEqual([outside, outside]);
  });
});

describe('inside a tenant’s transaction', () => {
  test.each([
    ['tenant_main', 'tenant_demo'],
    ['tenant_demo', 'tenant_main'],
  ])('of %s nothing of %s can be reached', async (own, other) => {
    const statements = everyAccess(objects.get(other) as SchemaObjects);
    const opening = `BEGIN; SET LOCAL ROLE ${own}; SET LOCAL search_path TO ${own}`;
    expect(await allowed(opening, statements)).toEqual([]);
  });

  test('the same through the program’s own connections', async () => {
    for (const { name } of (objects.get('tenant_demo') as SchemaObjects).relations) {
      await expect(inTenant('tenant_main', `SELECT FROM ${name}`)).rejects.toThrow('permission denied');
    }
  });

  test.each([
    'SET ROLE leopard_owner',
    'SET LOCAL ROLE postgres',
    'SET SESSION AUTHORIZATION postgres',
    'SELECT FROM public.tenants_tenant',
    'SELECT FROM public.tenants_domain',
    'SELECT FROM public.auth_user',
    'SELECT FROM public.migration_ledger',
    'CREATE TABLE mine (id integer)',
    'CREATE FUNCTION mine() RETURNS integer LANGUAGE sql AS $$SELECT 1$$',
    'CREATE SCHEMA mine',
    'CREATE TEMPORARY TABLE mine (id integer)',
    'GRANT tenant_main TO tenant_demo',
    "COPY immigration_client TO PROGRAM 'true'",
  ])('refused: %s', async (sql) => {
    await expect(inTenant('tenant_main', sql)).rejects.toThrow(/permission denied|must be owner/);
  });

  test('a failure that nobody waits for ends the transaction, not the process', async () => {
    const overlooked = database.tenantTransaction(
      { schema: 'tenant_main', userId: 1 },
      async (transaction) => {
        void transaction.query(statement('SELECT 1 / 0'));
        await transaction.query(statement('SELECT 1')).catch(() => undefined);
      },
    );
    await expect(overlooked).rejects.toThrow('division by zero');
  });

  test.each(['tenant_nobody', 'tenant_main; SET ROLE tenant_demo', 'public', 'TENANT_MAIN', 'tenant_"x', ''])(
    'there is none of a schema called %j',
    async (schema) => {
      await expect(inTenant(schema, 'SELECT 1')).rejects.toThrow(/does not exist|not a tenant|schema/i);
    },
  );
});
