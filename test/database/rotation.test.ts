import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { Database } from '../../src/database/database.js';
import { withOwner } from '../../src/database/owner.js';
import { statement } from '../../src/database/statement.js';
import { type TestDatabase, testDatabase } from '../helpers/database.js';

// Requests of many tenants, one after the other: each finds what its last one has left on a connection.

const CONNECTIONS = 2;
const TENANTS = Array.from({ length: 240 }, (_, n) => `tenant_rotation_${n}`);

let databases: TestDatabase;
let database: Database;

beforeAll(async () => {
  databases = await testDatabase();
  await withOwner(databases.admin, (admin) =>
    admin.query(
      TENANTS.map(
        (schema) => `
          CREATE ROLE ${schema} NOLOGIN;
          GRANT ${schema} TO ${databases.app.user};
          CREATE SCHEMA ${schema};
          GRANT USAGE ON SCHEMA ${schema} TO ${schema};
          CREATE TABLE ${schema}.thing (id integer);
          INSERT INTO ${schema}.thing VALUES (7);
          GRANT SELECT ON ${schema}.thing TO ${schema};`,
      ).join(''),
    ),
  );
});
afterAll(async () => {
  await databases.drop();
  await withOwner({ ...databases.admin, database: 'postgres' }, (admin) =>
    admin.query(TENANTS.map((schema) => `DROP ROLE ${schema};`).join('')),
  );
});
afterEach(() => database.close());

interface Served {
  /** The process of the server. */
  readonly pid: number;
  /** The kept statements of its tables' kind, and how often they ran. */
  readonly kept: number;
  readonly runs: number;
}

/** Reads a tenant's table, and what the connection that did it keeps. */
async function serve(schema: string): Promise<Served> {
  const [served] = await database.tenantQuery(
    { schema, userId: null },
    statement<Served>(`SELECT pg_backend_pid() AS pid, k.kept, k.runs FROM thing,
      (SELECT count(*)::float8 AS kept, sum(generic_plans + custom_plans)::float8 AS runs
       FROM pg_prepared_statements WHERE statement LIKE '%FROM thing%') k`),
  );
  return served as Served;
}

/** Serves each of these tenants once, one after the other. */
async function inRotation(tenants: readonly string[]): Promise<Map<string, Served>> {
  const all = new Map<string, Served>();
  for (const schema of tenants) all.set(schema, await serve(schema));
  return all;
}

const pidsOf = (served: ReadonlyMap<string, Served>) => [...served.values()].map(({ pid }) => pid);

test('each tenant is served by its own connection again, with the statements that it keeps', async () => {
  database = new Database(databases.app, { size: CONNECTIONS });
  for (let round = 0; round < 4; round++) await inRotation(TENANTS);
  const before = await inRotation(TENANTS);
  const after = await inRotation(TENANTS);
  expect(pidsOf(after)).toEqual(pidsOf(before));
  const share = TENANTS.length / CONNECTIONS;
  expect(new Set(pidsOf(after)).size).toBe(CONNECTIONS);
  for (const [schema, { kept, runs }] of after) {
    expect(kept).toBe(share);
    // Since its last request, each statement of its connection ran once: no request of another tenant pushed it out.
    expect(runs - (before.get(schema)?.runs ?? 0)).toBe(share);
  }
});

test('few tenants share a connection, and open no others', async () => {
  database = new Database(databases.app, { size: CONNECTIONS });
  for (let round = 0; round < 3; round++) await inRotation(TENANTS.slice(0, 20));
  expect(database.load.open).toBe(1);
});

test('a tenant whose connection is busy is served by another one at once', async () => {
  database = new Database(databases.app, { size: 2 });
  const [schema = ''] = TENANTS;
  const { pid } = await serve(schema);
  await database.tenantTransaction({ schema, userId: null }, async (transaction) => {
    await transaction.query(statement('SELECT'));
    expect((await serve(schema)).pid).not.toBe(pid);
  });
});

test('a connection that was lost is replaced for its tenants', async () => {
  database = new Database(databases.app, { size: CONNECTIONS });
  const before = await inRotation(TENANTS.slice(0, 40));
  const [lost] = pidsOf(before);
  await withOwner(databases.admin, async (admin) => {
    await admin.query('SELECT pg_terminate_backend($1, 5000)', [lost]);
  });
  await expect.poll(() => database.load.open).toBe(CONNECTIONS - 1);
  const after = await inRotation(TENANTS.slice(0, 40));
  for (const [schema, { pid }] of before) {
    if (pid === lost) expect(after.get(schema)?.pid).not.toBe(lost);
    else expect(after.get(schema)?.pid).toBe(pid);
  }
  expect(new Set(pidsOf(after)).size).toBe(CONNECTIONS);
});

test('what is cached of a tenant is still there after a thousand others', async () => {
  database = new Database(databases.app, { size: 1 });
  const cacheKey = (schema: string) =>
    database.tenantTransaction({ schema, userId: null }, async ({ tenant }) => tenant);
  const keys: object[] = [];
  for (let round = 0; round < 2; round++) {
    for (let n = 0; n < 1_000; n++) keys.push(await cacheKey(`tenant_n${n}`));
  }
  expect(new Set(keys).size).toBe(1_000);
});
