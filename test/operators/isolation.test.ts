import { afterAll, beforeAll, expect, test } from 'vitest';
import { type OwnerClient, withOwner } from '../../src/database/owner.js';
import { PLATFORM_ROLE, RIGHTS_OF_THE_PLATFORM } from '../../src/database/platform-role.js';
import { type TestDatabase, testDatabase } from '../helpers/database.js';
import { everyAccess, readObjects } from '../isolation/catalog.js';

const TENANTS = ['tenant_main', 'tenant_demo'];
const PERMISSION_DENIED = '42501';

let databases: TestDatabase;

beforeAll(async () => {
  databases = await testDatabase();
});
afterAll(() => databases?.drop());

/** Returns the statements that are not refused with "permission denied" to a role of the program. */
async function allowed(role: string | null, statements: readonly string[]): Promise<string[]> {
  return await withOwner(databases.app, async (client) => {
    const found: string[] = [];
    for (const sql of statements) {
      await client.query(role === null ? 'BEGIN' : `BEGIN; SET LOCAL ROLE ${role}`);
      const code = await refusal(client, sql);
      if (code !== PERMISSION_DENIED) found.push(`${code ?? 'obeyed'}: ${sql}`);
      await client.query('ROLLBACK');
    }
    return found;
  });
}

async function refusal(client: OwnerClient, sql: string): Promise<string | null> {
  return await client.query(sql).then(
    () => null,
    (error: { code?: string; message: string }) => error.code ?? error.message,
  );
}

test.each(TENANTS)('operators’ statements can do nothing with anything of %s', async (schema) => {
  const objects = await readObjects(databases.admin, schema);
  expect(objects.relations.length).toBeGreaterThan(40);
  expect(await allowed(PLATFORM_ROLE, everyAccess(objects))).toEqual([]);
});

test('nor become a tenant, the owner or anybody else by rights of their own', async () => {
  const { rows } = await withOwner(databases.admin, (client) =>
    client.query(
      `SELECT r.rolname AS role FROM pg_roles r
       WHERE r.rolname <> $1 AND pg_has_role($1, r.oid, 'MEMBER')`,
      [PLATFORM_ROLE],
    ),
  );
  expect(rows).toEqual([]);
  const statements = TENANTS.flatMap((schema) => [
    `GRANT ${schema} TO ${PLATFORM_ROLE}`,
    `GRANT USAGE ON SCHEMA ${schema} TO ${PLATFORM_ROLE}`,
    `ALTER SCHEMA ${schema} OWNER TO ${PLATFORM_ROLE}`,
  ]);
  expect(await allowed(PLATFORM_ROLE, [...statements, "SELECT pg_read_file('PG_VERSION')"])).toEqual([]);
});

test('the audit log is only added to', async () => {
  const changes = [
    "UPDATE public.operator_audit SET action = ''",
    'DELETE FROM public.operator_audit',
    'TRUNCATE public.operator_audit',
  ];
  expect(await allowed(PLATFORM_ROLE, changes)).toEqual([]);
});

test('statements of tenants’ routes reach nothing of operators', async () => {
  const tables = Object.keys(RIGHTS_OF_THE_PLATFORM).filter((name) => /^(operator_|auth_)/.test(name));
  const reads = tables.map((table) => `SELECT * FROM public.${table}`);
  expect(reads.length).toBeGreaterThan(7);
  for (const role of [null, ...TENANTS]) expect(await allowed(role, reads)).toEqual([]);
});
