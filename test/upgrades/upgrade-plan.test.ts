import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Migration, readMigrations } from '../../src/database/migration-files.js';
import { type OwnerClient, withOwner } from '../../src/database/owner.js';
import { requireIsolation } from '../../src/schema/access/access-check.js';
import { migrateTenant } from '../../src/schema/migrator.js';
import { planUpgrade, reasonsToStopOlder } from '../../src/schema/upgrade/upgrade-plan.js';
import { testDatabase } from '../helpers/database.js';

const real = readMigrations();
const database = await testDatabase();
const { owner, app } = database;
afterAll(() => database.drop());

const made = (kind: 'shared' | 'tenant', index: number, sql: string, name = 'made_up'): Migration => ({
  kind,
  number: real[kind].length + 1 + index,
  name,
  sql,
  checksum: 'f'.repeat(64),
});
const withTenantFiles = (...texts: (string | [sql: string, name: string])[]) => ({
  ...real,
  tenant: [
    ...real.tenant,
    ...texts.map((text, index) =>
      made('tenant', index, ...((Array.isArray(text) ? text : [text]) as [string])),
    ),
  ],
});
const plan = (files = real) => withOwner(owner, (client) => planUpgrade(client, app.user, { files }));
const query = <Row>(sql: string) =>
  withOwner(owner, async (client: OwnerClient) => (await client.query(sql)).rows as Row[]);

beforeAll(() =>
  query(`INSERT INTO tenant_main.immigration_client (first_name, last_name)
    SELECT 'Maya', 'Rai ' || i FROM generate_series(1, 300) i`),
);
afterEach(async () => {
  expect(await query("SELECT nspname FROM pg_namespace WHERE nspname ~ '_trial_'")).toEqual([]);
});

it('finds nothing where nothing is pending', async () => {
  expect(await plan()).toEqual({ tenants: 2, steps: [], captures: 0, newer: null, untried: null });
});

describe('pending migrations', () => {
  it('are planned with the locks that they take, and the work on existing rows', async () => {
    const files = withTenantFiles(
      'ALTER TABLE immigration_client ADD COLUMN pronouns text',
      'CREATE INDEX ON immigration_client (pronouns)',
      ['ALTER TABLE immigration_client ALTER COLUMN pronouns TYPE varchar(9)', 'shorter_breaking'],
      "UPDATE immigration_client SET pronouns = 'she'; CREATE TABLE one_more (id bigint)",
      'CREATE TRIGGER one AFTER INSERT ON immigration_note EXECUTE FUNCTION public.note_change_for_job()',
    );
    const found = await plan(files);
    const { steps, untried } = found;
    expect(untried).toBe(null);
    const effects = steps.map(({ name, tables, named_breaking: breaking }) => [
      name.slice(5),
      breaking,
      ...tables.map(({ table, lock, waits, work }) => [table, lock, waits, work]),
    ]);
    expect(effects).toEqual([
      ['made_up', false, ['immigration_client', 'ACCESS EXCLUSIVE', 'reads and writes', null]],
      ['made_up', false, ['immigration_client', 'SHARE', 'writes', 'index']],
      ['shorter_breaking', true, ['immigration_client', 'ACCESS EXCLUSIVE', 'reads and writes', 'rewrite']],
      ['made_up', false, ['immigration_client', null, null, 'scan']],
      ['made_up', false, ['immigration_note', 'SHARE ROW EXCLUSIVE', 'writes', null]],
    ]);
    const [added, index, rewritten] = steps;
    expect(added).toMatchObject({ scope: 'tenants', schemas: 2, breaks: [] });
    expect(added?.estimate).toMatchObject({ stays: 0, temporary: 0, log: 0 });
    expect(index?.tables[0]?.bytes).toBeGreaterThan(300 * 100);
    expect(index?.estimate.stays).toBe(index?.tables[0]?.bytes);
    expect(rewritten?.estimate.temporary).toBeGreaterThan(300 * 100);
    expect(rewritten?.estimate.log).toBeGreaterThanOrEqual(rewritten?.estimate.temporary ?? 0);
    expect(rewritten?.estimate.longest).toBeGreaterThan(added?.estimate.longest ? 0.02 : 1);
    expect(reasonsToStopOlder(found)).toEqual([
      expect.stringMatching(
        /^\d{4}_shorter_breaking: its name says that older versions cannot work with it$/,
      ),
    ]);
  });

  it('of public are planned as well, and those of tenants on top of them', async () => {
    const files = {
      shared: [
        ...real.shared,
        made(
          'shared',
          0,
          'ALTER TABLE public.tenants_tenant ADD COLUMN plan text; CREATE FUNCTION public.more() RETURNS float LANGUAGE sql AS $$SELECT random()$$',
        ),
      ],
      tenant: [
        ...real.tenant,
        made('tenant', 0, 'ALTER TABLE immigration_note ADD COLUMN more float DEFAULT public.more()'),
      ],
    };
    const { steps } = await plan(files);
    expect(
      steps.map(({ scope, schemas, tables }) => [
        scope,
        schemas,
        tables.map(({ table, work }) => [table, work]),
      ]),
    ).toEqual([
      ['public', 1, [['tenants_tenant', null]]],
      // The default is of a volatile function, so that PostgreSQL writes each row anew.
      ['tenants', 2, [['immigration_note', 'rewrite']]],
    ]);
    expect(await query("SELECT FROM pg_proc WHERE proname = 'more'")).toEqual([]);
  });

  it('are planned without touching a table: also while somebody has locked them all', async () => {
    await withOwner(owner, async (client) => {
      await client.query(
        'BEGIN; LOCK TABLE tenant_main.immigration_client, tenant_main.immigration_note, public.tenants_domain',
      );
      const { steps } = await plan(withTenantFiles('CREATE INDEX ON immigration_client (gender)'));
      expect(steps[0]?.tables).toMatchObject([{ table: 'immigration_client', work: 'index' }]);
      await client.query('ROLLBACK');
    });
  });

  it('are tried as each tenant has them, the skipped ones left out', async () => {
    const files = withTenantFiles(
      'ALTER TABLE immigration_note ADD COLUMN one int',
      'ALTER TABLE immigration_note ADD COLUMN two int',
    );
    const last = real.tenant.length + 1;
    const add = (schema: string, isSkipped: boolean) =>
      query(`INSERT INTO public.migration_ledger (scope, number, name, checksum, is_skipped)
        VALUES ('${schema}', ${last}, 'made_up', '${'f'.repeat(64)}', ${isSkipped})`);
    await add('tenant_main', false);
    const { steps } = await plan(files);
    expect(steps.map(({ name, schemas }) => [name, schemas]).toSorted()).toEqual([
      [`00${last}_made_up`, 1],
      [`00${last + 1}_made_up`, 1],
      [`00${last + 1}_made_up`, 1],
    ]);
    await query(`DELETE FROM public.migration_ledger WHERE number = ${last}`);
    await add('tenant_main', true);
    const third = [...files.tenant, made('tenant', 2, 'ALTER TABLE immigration_note ADD COLUMN one int')];
    await add('tenant_demo', true);
    // The column does not exist where the migration that adds it was skipped.
    expect((await plan({ ...real, tenant: third })).steps).toHaveLength(2);
    await query(`DELETE FROM public.migration_ledger WHERE number = ${last}`);
  });

  it('that fail on this server block the upgrade, and leave nothing behind', async () => {
    await expect(plan(withTenantFiles('SELECT 1;\nSELECT no_such_function()'))).rejects.toThrow(
      /^the migration \d{4}_made_up fails on this server: function no_such_function\(\) does not exist/,
    );
  });

  it('that are not named breaking, but are, are reported', async () => {
    const found = reasonsToStopOlder(
      await plan(withTenantFiles('ALTER TABLE immigration_note DROP COLUMN content')),
    );
    expect(found).toEqual([expect.stringMatching(/_made_up: immigration_note.content is gone or renamed$/)]);
  });
});

it('does not disturb a program that starts at the same time', async () => {
  const trial = plan(withTenantFiles('SELECT pg_sleep(2)'));
  for (;;) {
    const [found] = await query<{ committed: boolean }>(
      "SELECT FROM pg_namespace WHERE nspname ~ '^tenant_trial_'",
    );
    if (found) break;
  }
  expect(await requireIsolation(app)).toEqual([]);
  await trial;
});

it('removes the copies of a trial that was killed', async () => {
  const outlived = `tenant_trial_${(Date.now() - 3_600_000).toString(36)}_0123abcd`;
  await query(
    `CREATE ROLE ${outlived}; CREATE SCHEMA ${outlived}; CREATE SCHEMA ${outlived}_public; CREATE TABLE ${outlived}.t (id int)`,
  );
  await plan(withTenantFiles('SELECT 1'));
  expect(await query(`SELECT FROM pg_roles WHERE rolname = '${outlived}'`)).toEqual([]);
});

it('reports the capture of events that will be renewed, with the locks that this takes', async () => {
  await query("UPDATE public.event_capture SET checksum = 'old' WHERE schema_name = 'tenant_demo'");
  const { steps, captures } = await plan();
  expect(captures).toBe(1);
  expect(steps).toMatchObject([{ scope: 'tenants', name: 'capture of events', schemas: 1 }]);
  expect(steps[0]?.tables).toContainEqual(
    expect.objectContaining({ table: 'immigration_client', lock: 'SHARE ROW EXCLUSIVE' }),
  );
  await withOwner(owner, (client) => migrateTenant(client, app.user, 'tenant_demo'));
});

it('says without a trial what is pending, where the role may not make copies', async () => {
  const files = withTenantFiles('ALTER TABLE immigration_note ADD COLUMN one int', [
    'SELECT 1',
    'other_breaking',
  ]);
  const found = await withOwner(app, (client) =>
    planUpgrade(client, app.user, { files, untried: 'no owner' }),
  );
  expect(found).toMatchObject({
    untried: 'no owner',
    steps: [{ schemas: 2, tables: [] }, { named_breaking: true }],
  });
});
