import { afterAll, beforeAll, expect, test } from 'vitest';
import { storedPasswordFor } from '../../src/auth/accounts.js';
import { Database } from '../../src/database/database.js';
import { withOwner } from '../../src/database/owner.js';
import { statement } from '../../src/database/statement.js';
import { createTenantSchema } from '../../src/provisioning/tenant-schema.js';
import { type TestDatabase, testDatabase } from '../helpers/database.js';

// The stored password that is verified in place of an unknown user's, in an agency with many users.

const SCHEMA = 'tenant_stand_ins';
const USERS = 3_000;

let databases: TestDatabase;
let database: Database;

/** Makes users: each third has a password that can be verified, but neither the first nor the last. */
beforeAll(async () => {
  databases = await testDatabase();
  database = new Database(databases.app, { size: 1 });
  await createTenantSchema(databases.owner, databases.app.user, {
    schema: SCHEMA,
    name: 'Stand-ins',
    domains: [{ domain: 'stand-ins.localhost', isPrimary: true }],
  });
  await withOwner(databases.owner, async (client) => {
    await client.query(`
      INSERT INTO ${SCHEMA}.immigration_user (username, email, password)
        SELECT 'user' || n, 'user' || n || '@example.com', CASE n % 3 WHEN 0 THEN 'argon2$' ELSE '!' END || n
        FROM generate_series(1, ${USERS + 1}) n`);
    await client.query(`ANALYZE ${SCHEMA}.immigration_user`);
  });
});
afterAll(async () => {
  await database?.close();
  await databases?.drop();
});

const ask = <Row>(sql: string, parameters: readonly unknown[]) =>
  database.tenantTransaction({ schema: SCHEMA, userId: null }, (transaction) =>
    transaction.query(statement<Row>(sql, parameters)),
  );
const standIn = async (username: string) => {
  const { sql, parameters } = storedPasswordFor(username);
  return (await ask<{ password: string }>(sql, parameters))[0]?.password;
};

test('is the same for the same name, differs between names, and can be verified', async () => {
  const names = Array.from({ length: 60 }, (_, n) => `nobody${n}`);
  const found = await Promise.all(names.map(standIn));
  expect(await Promise.all(names.map(standIn))).toEqual(found);
  expect(new Set(found).size).toBeGreaterThan(40);
  for (const password of found) expect(password).toMatch(/^argon2\$/);
});

test('is found where the name gives an id after that of the last such password', async () => {
  await withOwner(databases.owner, (client) =>
    client.query(`UPDATE ${SCHEMA}.immigration_user SET password = '!' WHERE username <> 'user3'`),
  );
  expect(await Promise.all(['a', 'b', 'c', 'd'].map(standIn))).toEqual(Array(4).fill('argon2$3'));
});

test('reads a few users only', async () => {
  await withOwner(databases.owner, async (client) => {
    await client.query(`UPDATE ${SCHEMA}.immigration_user SET password = 'argon2$' || id`);
    await client.query(`VACUUM ANALYZE ${SCHEMA}.immigration_user`);
  });
  const { sql, parameters } = storedPasswordFor('nobody');
  const lines = await ask<Record<string, string>>(`EXPLAIN (ANALYZE, TIMING OFF) ${sql}`, parameters);
  const plan = lines.map((line) => line['QUERY PLAN']).join('\n');
  expect(plan).not.toContain('Seq Scan');
  for (const [, rows] of plan.matchAll(/actual rows=(\d+)/g)) expect(Number(rows)).toBeLessThan(10);
});
