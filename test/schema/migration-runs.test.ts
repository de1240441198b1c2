import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  contentOf,
  type Migration,
  type MigrationFiles,
  readMigrations,
} from '../../src/database/migration-files.js';
import { inTransaction, type OwnerClient, withOwner } from '../../src/database/owner.js';
import { createTenantSchema } from '../../src/provisioning/tenant-schema.js';
import { lockTenants } from '../../src/schema/locking.js';
import { groupFailures, notedFailures } from '../../src/schema/migration-failures.js';
import { type MigrateOptions, migrateAll } from '../../src/schema/migrator.js';
import { type TestDatabase, testDatabase } from '../helpers/database.js';

// Runs over many tenants: in parallel, with canaries, beside other processes and operations, and over broken ones.

const real = readMigrations();
const SCHEMAS = Array.from({ length: 8 }, (_, index) => `tenant_t${index}`);
const WAITS = { longest: 100, attempts: 3, pause: 30 };

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase({ from: 'empty' });
  await migrateAll(database.owner, database.app.user);
});
afterAll(() => database?.drop());

const asOwner = <T>(work: (client: OwnerClient) => Promise<T>) => withOwner(database.owner, work);
const query = async <Row>(sql: string, values: unknown[] = []) =>
  (await asOwner((client) => client.query(sql, values))).rows as Row[];

/** Makes tenants of two small tables, to which `files` adds. */
async function begin(...schemas: string[]): Promise<void> {
  await asOwner((client) =>
    client.query(
      `INSERT INTO public.tenants_tenant (schema_name, name) SELECT name, name FROM unnest($1::text[]) AS t (name)`,
      [schemas],
    ),
  );
  const { failures } = await run(FIRST);
  expect(failures).toEqual([]);
}
afterEach(async () => {
  const tenants = await query<{ schema_name: string }>(
    'DELETE FROM public.tenants_tenant RETURNING quote_ident(schema_name) AS schema_name',
  );
  await asOwner(async (client) => {
    for (const { schema_name: schema } of tenants)
      await client.query(
        `DROP SCHEMA IF EXISTS ${schema} CASCADE; DELETE FROM public.migration_ledger WHERE scope = '${schema}'`,
      );
  });
});

const made = (number: number, sql: string): Migration => ({
  kind: 'tenant',
  number,
  name: 'made_up',
  ...contentOf(sql, `${number}`),
});
const files = (...statements: string[]): MigrationFiles => ({
  ...real,
  tenant: statements.map((sql, index) => made(index + 1, sql)),
});
const TABLES =
  'CREATE TABLE client (id bigint PRIMARY KEY, name text); CREATE TABLE note (id bigint PRIMARY KEY)';
const FIRST = files(TABLES);
const COLUMN = 'ALTER TABLE client ADD COLUMN phone text';
const INDEX = `-- transaction: none
  CREATE INDEX CONCURRENTLY IF NOT EXISTS client_name ON client (name);`;

const run = (of: MigrationFiles, options: MigrateOptions = {}) =>
  migrateAll(database.owner, database.app.user, { files: of, lockWaits: WAITS, ...options });

const withColumn = async () =>
  (
    await query<{ schema: string }>(
      "SELECT table_schema AS schema FROM information_schema.columns WHERE column_name = 'phone' ORDER BY 1",
    )
  ).map(({ schema }) => schema);

describe('in parallel', () => {
  it('migrates all tenants once, on no more connections than asked for', async () => {
    await begin(...SCHEMAS);
    let most = 0;
    const watch = async () => {
      const [row] = await query<{ n: number }>(
        `SELECT count(*)::integer AS n FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = 'leopard-owner' AND pid <> pg_backend_pid()`,
      );
      most = Math.max(most, row?.n ?? 0);
    };
    const told: unknown[] = [];
    const report = await run(files(TABLES, `${COLUMN}; SELECT pg_sleep(0.05)`), {
      parallel: 3,
      onStep: (step) => (step === 'carried out' ? watch() : undefined),
      onProgress: ({ done, total }) => told.push(`${done}/${total}`),
    });
    expect(report).toMatchObject({ applied: 8, scopes: 8, failures: [] });
    expect(await withColumn()).toEqual(SCHEMAS);
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(3 + 2); // other watchers' connections
    expect(told).toEqual(SCHEMAS.map((_, index) => `${index + 1}/8`));
  });

  it('two runs share the tenants', async () => {
    await begin(...SCHEMAS);
    const both = await Promise.all([1, 2].map(() => run(files(TABLES, `${COLUMN}; SELECT pg_sleep(0.1)`))));
    expect(both.map(({ failures }) => failures)).toEqual([[], []]);
    expect(both.reduce((sum, { applied }) => sum + applied, 0)).toBe(8);
    for (const { applied } of both) expect(applied).toBeGreaterThan(0);
    expect(await withColumn()).toEqual(SCHEMAS);
  });
});

describe('canaries', () => {
  const failsAt = (schema: string) => `${COLUMN};
    DO $$ BEGIN IF current_schema() = '${schema}' THEN RAISE EXCEPTION 'no room'; END IF; END $$`;

  it('come first, and the others after them', async () => {
    await begin(...SCHEMAS);
    const order: string[] = [];
    const canaries = ['tenant_t5', 'tenant_t2'];
    const onProgress = ({ scope }: { scope: string }) => order.push(scope);
    await run(files(TABLES, COLUMN), { canaries, onProgress });
    expect(order.slice(0, 2).toSorted()).toEqual(['tenant_t2', 'tenant_t5']);
    expect(order).toHaveLength(8);
  });

  it('that fail keep everybody else from being begun', async () => {
    await begin(...SCHEMAS);
    const report = await run(files(TABLES, failsAt('tenant_t2')), { canaries: ['tenant_t2', 'tenant_t3'] });
    expect(report).toMatchObject({ applied: 1, notBegun: 6, failures: [{ scope: 'tenant_t2' }] });
    expect(await withColumn()).toEqual(['tenant_t3']);
  });

  it('must be there', async () => {
    await begin('tenant_t0');
    await expect(run(FIRST, { canaries: ['tenant_none'] })).rejects.toThrow(
      'there is no tenant with the schema tenant_none',
    );
  });
});

describe('a tenant that is in use', () => {
  it('is put off to the end, where it is tried again, while others go on', async () => {
    await begin('tenant_t0', 'tenant_t1', 'tenant_t2');
    const order: string[] = [];
    const putOff: string[] = [];
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const holder = asOwner((client) =>
      inTransaction(client, async () => {
        await client.query('SELECT FROM tenant_t0.client');
        await released;
      }),
    );
    const report = await run(files(TABLES, COLUMN), {
      onPutOff: ({ scope, error }) => putOff.push(`${scope}: ${error.message.slice(0, 33)}`),
      onProgress: ({ scope }) => {
        order.push(scope);
        if (order.length === 2) release();
      },
    });
    await holder;
    expect(putOff).toEqual(['tenant_t0: the tables of tenant_t0 are in us']);
    expect(order).toEqual(['tenant_t1', 'tenant_t2', 'tenant_t0']);
    expect(report).toMatchObject({ applied: 3, failures: [] });
  });

  it('by another operation is put off in the same way', async () => {
    await begin('tenant_t0', 'tenant_t1');
    const order: string[] = [];
    let release: () => void = () => undefined;
    const holder = asOwner((client) =>
      inTransaction(client, async () => {
        await lockTenants(client, 'tenant_t0');
        await new Promise<void>((resolve) => {
          release = resolve;
        });
      }),
    );
    await expect.poll(() => release.toString()).not.toContain('undefined');
    await run(files(TABLES, COLUMN), {
      onProgress: ({ scope }) => {
        order.push(scope);
        release();
      },
    });
    await holder;
    expect(order).toEqual(['tenant_t1', 'tenant_t0']);
  });

  it('whose connection is lost is tried again on another one', async () => {
    await begin('tenant_t0', 'tenant_t1');
    let cut = 0;
    const report = await run(files(TABLES, COLUMN), {
      async onStep(step, scope) {
        if (step !== 'carried out' || scope !== 'tenant_t0' || cut++ > 0) return;
        await query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
           WHERE datname = current_database() AND state = 'idle in transaction'`,
        );
      },
    });
    expect(report).toMatchObject({ applied: 2, failures: [] });
    expect(await withColumn()).toEqual(['tenant_t0', 'tenant_t1']);
  });
});

describe('broken tenants', () => {
  it('stop nobody: each is named in one line with its reason, kept until it is mended, and counted with its like', async () => {
    const broken = ['tenant_t0', 'tenant_t1', 'tenant_t2', 'tenant_t3', 'tenant_t4'];
    await begin(...broken, 'tenant_t5', 'tenant_t6');
    await withOwner(database.admin, (client) =>
      client.query(`
        DROP SCHEMA tenant_t0 CASCADE;
        DROP TABLE tenant_t1.client; DROP TABLE tenant_t2.client;
        ALTER TABLE tenant_t3.client OWNER TO ${database.admin.user};
        ALTER TABLE tenant_t4.client RENAME TO old; CREATE VIEW tenant_t4.client AS SELECT * FROM tenant_t4.old;
        INSERT INTO public.tenants_tenant (schema_name, name) VALUES ('Odd; name', 'odd')`),
    );
    const wanted = files(TABLES, COLUMN);
    const report = await run(wanted, { parallel: 2 });
    const lines = Object.fromEntries(report.failures.map(({ scope, error }) => [scope, error.message]));
    expect(lines).toEqual({
      tenant_t0: expect.stringMatching(
        /^the schema tenant_t0 is missing, though migrations were applied to it; /,
      ),
      tenant_t1: 'migration 0002_made_up of tenant_t1 failed: relation "client" does not exist',
      tenant_t2: 'migration 0002_made_up of tenant_t2 failed: relation "client" does not exist',
      tenant_t3: expect.stringMatching(
        /^1 tables of tenant_t3 belong to \w+, so leopard_owner cannot maintain them; /,
      ),
      tenant_t4: expect.stringMatching(/^migration 0002_made_up of tenant_t4 failed: /),
      'Odd; name': expect.stringMatching(/^"Odd; name" is not the schema of a tenant: /),
    });
    for (const line of Object.values(lines)) expect(line).not.toContain('\n');
    expect(await withColumn()).toEqual(['tenant_t5', 'tenant_t6']);
    expect(groupFailures(report.failures)[0]).toEqual({
      message: lines.tenant_t1,
      scopes: ['tenant_t1', 'tenant_t2'],
    });
    const noted = await asOwner(notedFailures);
    expect(noted.map(({ schema }) => schema)).toEqual(['Odd; name', ...broken]);
    await withOwner(database.admin, (client) =>
      client.query(`CREATE TABLE tenant_t1.client (id bigint, name text);
        ALTER TABLE tenant_t1.client OWNER TO leopard_owner`),
    );
    expect((await run(wanted)).failures).toHaveLength(5);
    expect((await asOwner(notedFailures)).map(({ schema }) => schema)).not.toContain('tenant_t1');
    await query(`DELETE FROM public.tenants_tenant WHERE schema_name = 'Odd; name'`);
  });

  it('whose catalogue cannot be read are named, and the others are repaired', async () => {
    const user = database.app.user;
    for (const name of ['broken', 'lost'])
      await createTenantSchema(database.owner, user, {
        schema: `tenant_${name}`,
        name,
        domains: [{ domain: `${name}.localhost`, isPrimary: true }],
      });
    await asOwner((client) => client.query('DROP FUNCTION tenant_lost.audit_source(integer) CASCADE'));
    await withOwner(database.admin, (client) =>
      client.query(`UPDATE pg_constraint SET conbin = NULL
        WHERE connamespace = 'tenant_broken'::regnamespace AND contype = 'c'`),
    );
    const { failures, repairs } = await migrateAll(database.owner, user);
    const lines = failures.map(({ scope, error }) => `${scope}: ${error.message}`);
    expect([lines, repairs]).toEqual([[expect.stringMatching(/^tenant_broken: .*conbin/)], 1]);
    expect(await asOwner(notedFailures)).toMatchObject([{ schema: 'tenant_broken' }]);
  });
});

describe('a migration without a transaction', () => {
  const state = async (schema: string) =>
    (
      await query<{ valid: boolean }>(
        `SELECT indisvalid AS valid FROM pg_index WHERE indexrelid = to_regclass($1)`,
        [`${schema}.client_name`],
      )
    ).map(({ valid }) => valid);

  it('builds indexes, and remakes one that was left unfinished', async () => {
    await begin('tenant_t0', 'tenant_t1');
    await withOwner(database.admin, (client) =>
      client.query(`CREATE INDEX client_name ON tenant_t1.client (name);
        UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'tenant_t1.client_name'::regclass`),
    );
    const report = await run(files(TABLES, INDEX, COLUMN), { parallel: 2 });
    expect(report).toMatchObject({ applied: 4, failures: [] });
    for (const schema of ['tenant_t0', 'tenant_t1']) expect(await state(schema)).toEqual([true]);
    expect((await run(files(TABLES, INDEX, COLUMN))).applied).toBe(0);
  });

  it('that fails leaves the ledger as it was, and is repeated', async () => {
    await begin('tenant_t0');
    await query('INSERT INTO tenant_t0.client (id, name) VALUES (1, $1), (2, $1)', ['same']);
    const unique = files(TABLES, INDEX.replace('CREATE INDEX', 'CREATE UNIQUE INDEX'));
    const { failures } = await run(unique);
    expect(failures.map(({ error }) => error.message)).toEqual([
      'migration 0002_made_up of tenant_t0 failed: could not create unique index "client_name"',
    ]);
    expect(await state('tenant_t0')).toEqual([false]);
    await query('DELETE FROM tenant_t0.client WHERE id = 2');
    expect(await run(unique)).toMatchObject({ applied: 1, failures: [] });
    expect(await state('tenant_t0')).toEqual([true]);
  });

  it('drops indexes and validates constraints', async () => {
    await begin('tenant_t0');
    const expand = "ALTER TABLE client ADD CONSTRAINT named CHECK (name <> '') NOT VALID";
    const validate = `-- transaction: none
      DROP INDEX CONCURRENTLY IF EXISTS client_name; -- no longer needed
      ALTER TABLE client VALIDATE CONSTRAINT named;`;
    expect(await run(files(TABLES, INDEX, expand, validate))).toMatchObject({ applied: 3, failures: [] });
    expect(await state('tenant_t0')).toEqual([]);
    expect(await query("SELECT convalidated FROM pg_constraint WHERE conname = 'named'")).toEqual([
      { convalidated: true },
    ]);
  });

  it('may have only statements that can be repeated', () => {
    expect(() => made(2, '-- transaction: none\nALTER TABLE client ADD COLUMN x text;')).toThrow(
      'move into one of its own: ALTER TABLE client ADD COLUMN x text',
    );
  });
});
