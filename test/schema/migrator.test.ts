import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { bootstrapDatabase } from '../../src/database/bootstrap.js';
import { type Migration, type MigrationFiles, readMigrations } from '../../src/database/migration-files.js';
import { checkServerVersion, withOwner } from '../../src/database/owner.js';
import {
  appliedMigrations,
  migrateAll,
  migrateTenant,
  pendingMigrations,
} from '../../src/schema/migrator.js';
import { type TestDatabase, type TestDatabaseOptions, testDatabase } from '../helpers/database.js';

const real = readMigrations();
let databases: TestDatabase[] = [];

afterEach(async () => {
  for (const database of databases) await database.drop();
  databases = [];
});

async function fresh(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const database = await testDatabase(options);
  databases.push(database);
  return database;
}

function migration(kind: 'shared' | 'tenant', number: number, sql: string): Migration {
  return { kind, number, name: 'made_up', sql, checksum: sql.length.toString().padStart(64, '0') };
}

/** Returns the real migrations and one more for tenants. */
function withOneMore(sql: string): MigrationFiles {
  return { ...real, tenant: [...real.tenant, migration('tenant', real.tenant.length + 1, sql)] };
}

/** Returns the real shared migrations, and only these for tenants. */
function withTenantFiles(...statements: string[]): MigrationFiles {
  return { ...real, tenant: statements.map((sql, index) => migration('tenant', index + 1, sql)) };
}

async function query<Row>(database: TestDatabase, sql: string, values: unknown[] = []): Promise<Row[]> {
  return await withOwner(database.owner, async (client) => (await client.query(sql, values)).rows);
}

async function addTenants(database: TestDatabase, count: number): Promise<string[]> {
  const rows = await query<{ schema_name: string }>(
    database,
    `INSERT INTO public.tenants_tenant (schema_name, name)
     SELECT 'tenant_t' || i, 'T' || i FROM generate_series(1, $1) i RETURNING schema_name`,
    [count],
  );
  return rows.map((row) => row.schema_name);
}

describe('migrateAll', () => {
  it('migrates an empty database, then each tenant, and then has nothing to do', async () => {
    const database = await fresh({ from: 'empty' });
    const { owner, app } = database;
    expect(await migrateAll(owner, app.user)).toEqual({
      applied: real.shared.length,
      scopes: 1,
      captures: 0,
      newerCaptures: 0,
      repairs: 0,
      mended: [],
      failures: [],
    });
    await addTenants(database, 2);
    const told: unknown[] = [];
    const report = await migrateAll(owner, app.user, { onProgress: (progress) => told.push(progress) });
    expect(report).toEqual({
      applied: 2 * real.tenant.length,
      scopes: 2,
      captures: 2,
      newerCaptures: 0,
      repairs: 0,
      mended: [],
      failures: [],
    });
    expect(told).toEqual([
      { scope: 'tenant_t1', done: 1, total: 2 },
      { scope: 'tenant_t2', done: 2, total: 2 },
    ]);
    expect(await migrateAll(owner, app.user)).toEqual({
      applied: 0,
      scopes: 0,
      captures: 0,
      newerCaptures: 0,
      repairs: 0,
      mended: [],
      failures: [],
    });
    await withOwner(owner, async (client) => {
      expect(await pendingMigrations(client, app.user)).toEqual([]);
      const applied = await appliedMigrations(client);
      expect(applied).toHaveLength(real.shared.length + 2 * real.tenant.length);
      expect(applied[0]).toMatchObject({ scope: 'shared', number: 1, name: 'migration_ledger' });
    });
  });

  it('finds out with one query at a start that there is nothing to do, otherwise with a few more, however many tenants', async () => {
    const { owner, app } = await fresh();
    const prototype = await withOwner(owner, async (client) => Object.getPrototypeOf(client));
    const sent = vi.spyOn(prototype, 'query');
    await migrateAll(owner, app.user, { keepNewerCapture: true });
    const opening = 1;
    expect(sent.mock.calls).toHaveLength(opening + 1);
    sent.mockClear();
    await migrateAll(owner, app.user, { examines: false });
    expect(sent.mock.calls).toHaveLength(opening + 1);
    sent.mockClear();
    await migrateAll(owner, app.user);
    expect(sent.mock.calls.length).toBeLessThan(80);
    sent.mockRestore();
  });

  it('lets two migrators work at once, and applies everything once', async () => {
    const database = await fresh({ from: 'empty' });
    const { owner, app } = database;
    const files = withTenantFiles('CREATE TABLE a (id integer)', 'CREATE TABLE b (id integer)');
    const both = () =>
      Promise.all([migrateAll(owner, app.user, { files }), migrateAll(owner, app.user, { files })]);
    const total = (reports: { applied: number }[]) => reports.reduce((sum, { applied }) => sum + applied, 0);
    expect(total(await both())).toBe(real.shared.length);
    await addTenants(database, 5);
    const reports = await both();
    expect(reports.flatMap(({ failures }) => failures)).toEqual([]);
    expect(total(reports)).toBe(10);
  });

  it('takes a fresh connection every 25 tenants', async () => {
    const database = await fresh({ from: 'empty' });
    await migrateAll(database.owner, database.app.user);
    const schemas = await addTenants(database, 30);
    const files = withTenantFiles('CREATE TABLE who AS SELECT pg_backend_pid() AS pid');
    await migrateAll(database.owner, database.app.user, { files });
    const union = schemas.map((schema) => `SELECT pid FROM ${schema}.who`).join(' UNION ALL ');
    const backends = await query<{ n: number }>(
      database,
      `SELECT count(*)::integer AS n FROM (${union}) w GROUP BY pid`,
    );
    expect(backends.map(({ n }) => n).sort()).toEqual([25, 5].sort());
  });

  it('goes on after a tenant that fails, and names it', async () => {
    const database = await fresh();
    const { owner, app } = database;
    const files = withOneMore(`CREATE TABLE extra (id integer);
      DO $$ BEGIN
        IF current_schema() = 'tenant_main' THEN RAISE EXCEPTION 'no room'; END IF;
      END $$`);
    const report = await migrateAll(owner, app.user, { files });
    expect(report).toMatchObject({ applied: 1, scopes: 1, failures: [{ scope: 'tenant_main' }] });
    expect(report.failures[0]!.error.message).toContain('made_up of tenant_main failed: no room');
    const [there] = await query(
      database,
      "SELECT to_regclass('tenant_main.extra') AS main, to_regclass('tenant_demo.extra')::text AS demo",
    );
    expect(there).toEqual({ main: null, demo: 'tenant_demo.extra' });
    const again = await migrateAll(owner, app.user, { files });
    expect(again.failures).toHaveLength(1);
  });

  it('stops at a shared migration that fails, and says where', async () => {
    const { owner, app } = await fresh();
    const broken = migration('shared', real.shared.length + 1, 'SELECT 1;\nSELECT nonsense;');
    const files = { ...real, shared: [...real.shared, broken] };
    await expect(migrateAll(owner, app.user, { files })).rejects.toThrow(
      /made_up of shared failed: column "nonsense" does not exist \(line 2\)/,
    );
  });

  it('refuses a file that was changed after it had been applied', async () => {
    const { owner, app } = await fresh();
    const [first, ...others] = real.tenant;
    const files = { ...real, tenant: [{ ...first!, checksum: '0'.repeat(64) }, ...others] };
    const refusal =
      'migration 0001_users_and_permissions was changed after it had been applied to tenant_main';
    // A shared one stops everything; a tenant's affects only that tenant.
    const { failures } = await migrateAll(owner, app.user, { files });
    expect(failures.map(({ scope }) => scope)).toEqual(['tenant_main', 'tenant_demo']);
    expect(failures[0]?.error.message).toContain(refusal);
    const [ledger, ...further] = real.shared;
    const changed = { ...real, shared: [{ ...ledger!, checksum: '0'.repeat(64) }, ...further] };
    await expect(migrateAll(owner, app.user, { files: changed })).rejects.toThrow('applied to shared');
    await withOwner(owner, async (client) => {
      await expect(migrateTenant(client, app.user, 'tenant_main', { files })).rejects.toThrow(refusal);
    });
  });

  it('gives a new program’s role the rights that the old one has', async () => {
    const { owner, app, admin } = await fresh();
    const user = `${owner.database}_app`;
    await bootstrapDatabase(admin, { database: owner.database, owner, app: { user, password: 'other' } });
    try {
      expect(await migrateAll(owner, user)).toEqual({
        applied: 0,
        scopes: 3,
        captures: 0,
        newerCaptures: 0,
        repairs: 0,
        mended: [],
        failures: [],
      });
      await withOwner({ ...app, user, password: 'other' }, async (client) => {
        await client.query('SELECT FROM public.tenants_domain');
        await client.query('SET ROLE tenant_main; SELECT FROM tenant_main.immigration_client');
      });
      expect(await migrateAll(owner, user)).toMatchObject({ scopes: 0 });
    } finally {
      await withOwner(admin, (client) => client.query(`DROP OWNED BY ${user}; DROP ROLE ${user}`));
    }
  });
});

it('migrates one tenant, which must be there', async () => {
  const { owner, app } = await fresh();
  await withOwner(owner, async (client) => {
    expect(
      await migrateTenant(client, app.user, 'tenant_main', {
        files: withOneMore('CREATE TABLE extra (id integer)'),
      }),
    ).toEqual({ applied: 1, captured: false });
    await expect(migrateTenant(client, app.user, 'tenant_none')).rejects.toThrow('no tenant with the schema');
    await expect(migrateTenant(client, app.user, 'public')).rejects.toThrow('not the schema of a tenant');
  });
});

it('refuses a server that is too old', () => {
  expect(() => checkServerVersion('14.11 (Debian 14.11-1)')).toThrow('needs 15 or newer');
  expect(() => checkServerVersion('15.4')).not.toThrow();
});

describe('readMigrations', () => {
  const directory = mkdtempSync(join(tmpdir(), 'leopard-migrations-'));
  const files = (...names: string[]) => {
    rmSync(directory, { recursive: true, force: true });
    for (const kind of ['shared', 'tenant']) mkdirSync(join(directory, kind), { recursive: true });
    for (const name of names) writeFileSync(join(directory, 'tenant', name), 'SELECT 1;');
    return () => readMigrations(directory);
  };
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('reads numbered files', () => {
    expect(files('0001_one.sql', '0002_two.sql')().tenant).toMatchObject([
      { number: 1, name: 'one', sql: 'SELECT 1;' },
      { number: 2, name: 'two' },
    ]);
  });

  it('refuses gaps, doubles and other names', () => {
    expect(files('0001_one.sql', '0003_three.sql')).toThrow('migration 2 is missing');
    expect(files('0001_one.sql', '0001_two.sql')).toThrow('migration 2 is missing or there twice');
    expect(files('one.sql')).toThrow('0001_some_name.sql');
  });
});
