import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { withOwner } from '../../src/database/owner.js';
import { PACKAGE_ROOT } from '../../src/platform/package-root.js';
import { MIGRATION_STEPS } from '../../src/schema/migration-steps.js';
import { migrateAll } from '../../src/schema/migrator.js';
import { type TestDatabase, testDatabase } from '../helpers/database.js';
import { type Migrating, madeUp } from './migrating.js';

// A process that migrates is killed: the next run, or another one beside it, completes its work.

const SCHEMAS = ['tenant_t1', 'tenant_t2', 'tenant_t3', 'tenant_t4'];
const TABLE = 'CREATE TABLE client (id bigint PRIMARY KEY, name text)';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase({ from: 'empty' });
  await migrateAll(database.owner, database.app.user);
  await query(
    `INSERT INTO public.tenants_tenant (schema_name, name) SELECT name, name FROM unnest($1::text[]) AS t (name)`,
    [SCHEMAS],
  );
  await run([TABLE]);
});
afterAll(() => database?.drop());

const query = async <Row>(sql: string, values: unknown[] = []) =>
  (await withOwner(database.owner, (client) => client.query(sql, values))).rows as Row[];

const run = (statements: readonly string[]) =>
  migrateAll(database.owner, database.app.user, { files: madeUp(statements) });

/** Starts a process that migrates. */
function start(statements: readonly string[], killAt?: Migrating['killAt']): ChildProcess {
  const given: Migrating = {
    owner: database.owner,
    appUser: database.app.user,
    statements,
    ...(killAt && { killAt }),
  };
  const script = join(PACKAGE_ROOT, 'test', 'schema', 'migrating.ts');
  return spawn(process.execPath, ['--import', 'tsx', script, JSON.stringify(given)], {
    cwd: PACKAGE_ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** Returns which tenants have the index and the column of a step, and whether the ledger says so. */
const state = async (name: string) =>
  await query<{ schema: string; valid: boolean; column: boolean; ledger: number }>(
    `SELECT t.schema_name AS schema, coalesce(bool_or(i.indisvalid), false) AS valid,
       EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass(t.schema_name || '.client') AND attname = $1) AS column,
       (SELECT count(*)::integer FROM public.migration_ledger WHERE scope = t.schema_name) AS ledger
     FROM public.tenants_tenant t LEFT JOIN pg_index i ON i.indexrelid = to_regclass(t.schema_name || '.' || $1)
     GROUP BY 1 ORDER BY 1`,
    [name],
  );

it('at each step leaves what the next run completes', { timeout: 120_000 }, async () => {
  const statements = [TABLE];
  for (const [index, step] of MIGRATION_STEPS.entries()) {
    const name = `x${index}`;
    statements.push(
      `-- transaction: none\nCREATE INDEX CONCURRENTLY IF NOT EXISTS ${name} ON client (name);`,
      `ALTER TABLE client ADD COLUMN ${name} text`,
    );
    const scope = step === 'examining' ? 'shared' : 'tenant_t2';
    const killed = start(statements, { step, scope });
    const [, signal] = await once(killed, 'exit');
    expect(signal, step).toBe('SIGKILL');
    const between = await state(name);
    // A migration is in the ledger exactly if all of it is there, apart from an index that is not recorded yet.
    for (const { schema, column, valid, ledger } of between) {
      expect(column, `${step} ${schema}`).toBe(ledger === statements.length);
      if (ledger >= statements.length - 1) expect(valid, `${step} ${schema}`).toBe(true);
    }
    const { failures } = await run(statements);
    expect(failures, step).toEqual([]);
    expect(await state(name), step).toEqual(
      SCHEMAS.map((schema) => ({ schema, valid: true, column: true, ledger: statements.length })),
    );
  }
});

it('beside another run leaves it to that one, and no tenant is migrated twice', {
  timeout: 60_000,
}, async () => {
  const applied = (
    await query<{ number: number }>(
      'SELECT max(number) AS number FROM public.migration_ledger WHERE scope <> $1',
      ['shared'],
    )
  )[0]!.number;
  const before = [TABLE];
  for (let index = 0; before.length < applied; index++)
    before.push(
      `-- transaction: none\nCREATE INDEX CONCURRENTLY IF NOT EXISTS x${index} ON client (name);`,
      `ALTER TABLE client ADD COLUMN x${index} text`,
    );
  // The table tells how often a migration was carried out, and would be there twice.
  const statements = [...before, 'CREATE TABLE once AS SELECT 1 AS n FROM pg_sleep(0.4)'];
  const [first, second] = [start(statements), start(statements)];
  const output = text(second.stdout!);
  await expect
    .poll(async () => (await query(`SELECT FROM pg_class WHERE relname = 'once'`)).length, {
      timeout: 30_000,
    })
    .toBeGreaterThan(0);
  first.kill('SIGKILL');
  await once(second, 'exit');
  expect(JSON.parse(await output).failures).toEqual([]);
  const rows = await query<{ scope: string }>(
    'SELECT scope FROM public.migration_ledger WHERE number = $1 AND scope <> $2 ORDER BY 1',
    [statements.length, 'shared'],
  );
  expect(rows.map(({ scope }) => scope)).toEqual(SCHEMAS);
});
