import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { databaseUrl, runCommand, settingsFor } from '../../test/helpers/cli.js';
import { type TestDatabase, testDatabase } from '../../test/helpers/database.js';
import { withOwner } from '../database/owner.js';
import { writeMigration } from './makemigration.js';

let database: TestDatabase;
let folder: string;
let settings: NodeJS.ProcessEnv;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'leopard-cli-'));
  database = await testDatabase({ from: 'empty' });
  settings = settingsFor(database, folder);
});
afterAll(async () => {
  await database.drop();
  rmSync(folder, { recursive: true });
});

const leopard = (...args: string[]) => runCommand(settings, args);

describe('a database that is not migrated', () => {
  it('is told so by commands that need tables', async () => {
    for (const args of [
      ['tenants', 'list'],
      ['register_tenant', '--name', 'Acme', '--tenant', 'acme'],
    ]) {
      const { exitCode, stdout, stderr } = await leopard(...args);
      expect([exitCode, stdout], args.join(' ')).toEqual([1, '']);
      expect(stderr).toMatch(/^the database is not (migrated|up to date).*; run: leopard migrate$/);
    }
  });

  it('shows every shared migration as pending', async () => {
    const { exitCode, stdout } = await leopard('showmigrations', '--json');
    const migrations = JSON.parse(stdout);
    expect(exitCode).toBe(0);
    expect(migrations[0]).toEqual({ scope: 'shared', number: 1, name: 'migration_ledger', applied_at: null });
    expect(migrations.every((migration: { applied_at: null }) => migration.applied_at === null)).toBe(true);
  });
});

describe('migrate', () => {
  it('brings public up to date, then has nothing to do', async () => {
    const first = await leopard('migrate', '--shared');
    expect([first.exitCode, first.stderr]).toEqual([0, '']);
    expect(first.stdout).toMatch(/^applied \d+ migrations to 1 schema$/);
    const second = await leopard('migrate_schemas');
    expect([second.exitCode, second.stdout]).toEqual([0, 'nothing to do: everything is applied']);
  });

  it('applies to one tenant, by schema or short name, what it lacks', async () => {
    await leopard('register_tenant', '--name', 'Acme', '--tenant', 'acme');
    await loseMigrations('tenant_acme');
    const { exitCode, stdout } = await leopard('migrate-schemas', '--schema=tenant_acme');
    expect([exitCode, stdout]).toEqual([0, 'applied 1 migration to 1 schema']);
    await loseMigrations('tenant_acme');
    expect((await leopard('migrate', '--schema', 'acme')).stdout).toBe('applied 1 migration to 1 schema');
  });

  it('goes on with other tenants when one fails, and then ends with 1', async () => {
    await leopard('register_tenant', '--name', 'Broken', '--tenant', 'broken');
    await withOwner(database.owner, (client) =>
      client.query(`DELETE FROM public.migration_ledger WHERE scope = 'tenant_broken' AND number = 1`),
    );
    await loseMigrations('tenant_acme');
    const { exitCode, stdout, stderr } = await leopard('migrate');
    expect([exitCode, stdout]).toEqual([1, 'applied 1 migration to 1 schema']);
    expect(stderr.split('\n')).toEqual([
      expect.stringMatching(/^migration 0001_\w+ of tenant_broken failed: /),
      '1 tenant could not be migrated; fix that and run this command again',
    ]);
  });

  it.each([
    [
      ['--schema', 'tenant_nobody'],
      1,
      'there is no tenant with the schema tenant_nobody; see: leopard tenants list',
    ],
    [['--schema', 'a;b'], 1, /^"a;b" is no tenant's name; /],
    [['--schema', 'acme', '--shared'], 2, /cannot be used with option/],
    [['--fast'], 2, /^unknown option '--fast'/],
    [['--parallel', '0'], 2, /give a number from 1 to 16/],
    [['--canary', 'a,,b'], 2, /give names of tenants, separated by commas/],
    [['--canary', 'acme', '--schema', 'acme'], 2, /^--canary is for a run over all tenants/],
  ])('refuses %j', async (args, exitCode, message) => {
    const result = await leopard('migrate', ...args);
    expect([result.exitCode, result.stdout]).toEqual([exitCode, '']);
    expect(result.stderr).toMatch(message);
    expect(result.stderr).not.toContain('\n');
  });
});

describe('many tenants', () => {
  const status = async (...options: string[]) => {
    const { exitCode, stdout } = await leopard('migrate', 'status', '--json', ...options);
    return { exitCode, cells: JSON.parse(stdout).cells };
  };

  it('migrates canaries first and several at once, and begins nobody else where a canary fails', async () => {
    for (const schema of ['tenant_acme', 'tenant_broken']) await loseMigrations(schema);
    const failed = await leopard('migrate', '--canary', 'broken', '--parallel', '2');
    expect([failed.exitCode, failed.stdout]).toEqual([1, '']);
    expect(failed.stderr.split('\n')).toEqual([
      expect.stringMatching(/^migration 0001_\w+ of tenant_broken failed: /),
      'a canary failed, so no other tenant was begun; fix that and run this command again',
    ]);
    expect((await leopard('showmigrations', '--schema', 'acme', '--pending')).stdout).toContain('_rights');
    expect((await leopard('migrate', '--canary', 'nobody')).stderr).toBe(
      'there is no tenant with the schema tenant_nobody; see: leopard tenants list',
    );
    const others = await leopard('migrate', '--canary', 'acme', '--parallel', '2');
    expect([others.exitCode, others.stdout]).toEqual([1, expect.stringMatching(/^put|^$|restored|applied/)]);
  });

  it('says who is behind and who failed, and prints the SQL that is pending', async () => {
    await loseMigrations('tenant_acme');
    const { exitCode, cells } = await status();
    expect(exitCode).toBe(3);
    expect(cells).toEqual([
      {
        cell: 'main',
        public_pending: 0,
        tenants: 2,
        behind: [
          { schema: 'tenant_acme', pending: 1, next: expect.stringMatching(/_rights$/) },
          { schema: 'tenant_broken', pending: expect.any(Number), next: expect.stringMatching(/^0001_/) },
        ],
        failures: [
          {
            schema: 'tenant_broken',
            message: expect.stringMatching(/^migration 0001_/),
            failedAt: expect.stringMatching(/Z$/),
          },
        ],
      },
    ]);
    const { stdout } = await leopard('migrate', 'status');
    expect(stdout.split('\n').slice(0, 3)).toEqual([
      'public: up to date',
      'tenants: 0 of 2 up to date',
      expect.stringMatching(/^ {2}tenant_acme: 1 migration behind, the next is \d{4}_rights$/),
    ]);
    const dry = await leopard('migrate', '--dry-run', '--schema', 'acme');
    expect([dry.exitCode, dry.stderr]).toEqual([0, '']);
    expect(dry.stdout).toMatch(/^-- \d{4}_rights, at 1 tenant: tenant_acme, in a transaction\n/);
    expect(dry.stdout).toContain('REVOKE');
    expect((await leopard('migrate', '--dry-run', '--shared')).stdout).toBe('-- nothing is pending');
    await leopard('migrate', '--schema', 'acme');
    await query(`DELETE FROM public.tenants_tenant WHERE schema_name = 'tenant_broken'`);
    await leopard('migrate');
    expect(await status()).toMatchObject({ exitCode: 0, cells: [{ tenants: 1, behind: [], failures: [] }] });
  });

  it('migrates each cell, also where another one is down', async () => {
    const cell = await testDatabase({ from: 'empty' });
    try {
      const closed = { port: 1 };
      const cells = {
        down: {
          url: databaseUrl({ ...cell.app, ...closed }),
          owner_url: databaseUrl({ ...cell.owner, ...closed }),
        },
        eu2: { url: databaseUrl(cell.app), owner_url: databaseUrl(cell.owner) },
      };
      const environment = { LEOPARD_CELLS: JSON.stringify(cells) };
      const inCells = (...args: string[]) => runCommand(settings, args, { environment });
      const { exitCode, stdout, stderr } = await inCells('migrate');
      expect(exitCode, stderr).toBe(1);
      expect(stdout.split('\n')).toEqual([
        'cell main: nothing to do: everything is applied',
        expect.stringMatching(/^cell eu2: applied \d+ migrations to 1 schema$/),
      ]);
      expect(stderr.split('\n')).toEqual([
        expect.stringMatching(/^cell down: .*ECONNREFUSED/),
        '1 cell could not be migrated; fix that and run this command again',
      ]);
      expect((await inCells('migrate', '--cell', 'eu2')).exitCode).toBe(0);
      const told = await inCells('migrate', 'status');
      expect([told.exitCode, told.stdout.split('\n')]).toEqual([
        1,
        [
          'cell main',
          'public: up to date',
          'tenants: 1 of 1 up to date',
          'cell down',
          expect.stringContaining('ECONNREFUSED'),
          'cell eu2',
          'public: up to date',
          'tenants: 0 of 0 up to date',
        ],
      ]);
      expect((await inCells('migrate', '--cell', 'us1')).stderr).toMatch(/^there is no cell us1; /);
    } finally {
      await cell.drop();
    }
  });
});

it('makemigration writes a file with the next number', () => {
  for (const kind of ['shared', 'tenant']) mkdirSync(join(folder, 'migrations', kind), { recursive: true });
  const write = (kind: 'shared' | 'tenant', name: string) =>
    relative(folder, writeMigration(join(folder, 'migrations'), kind, name));
  expect(write('tenant', 'client_source')).toBe('migrations/tenant/0001_client_source.sql');
  expect(write('tenant', 'more')).toBe('migrations/tenant/0002_more.sql');
  expect(write('shared', 'more')).toBe('migrations/shared/0001_more.sql');
  expect(readFileSync(join(folder, 'migrations/tenant/0001_client_source.sql'), 'utf8')).toBe(
    '-- Client source: what changes, and why.\n',
  );
});

describe('showmigrations', () => {
  it('lists schema by schema, with what is applied and what is not', async () => {
    await loseMigrations('tenant_acme');
    const { stdout } = await leopard('showmigrations');
    const lines = stdout.split('\n');
    expect(lines[0]).toBe('public');
    expect(lines[1]).toMatch(/^ {2}\[x\] 0001_migration_ledger {2}\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    const acme = lines.slice(lines.indexOf('tenant_acme') + 1);
    const pending = acme.filter((line) => line.includes('[ ]'));
    expect(pending).toEqual([expect.stringMatching(/^ {2}\[ \] \d{4}_rights$/)]);
  });

  it('shows one schema, or what is pending, alone', async () => {
    const shown = async (...options: string[]) =>
      JSON.parse((await leopard('showmigrations', '--json', ...options)).stdout) as {
        scope: string;
        name: string;
        applied_at: string | null;
      }[];
    const acme = await shown('--schema', 'acme');
    expect(new Set(acme.map(({ scope }) => scope))).toEqual(new Set(['tenant_acme']));
    expect(await shown('--schema', 'tenant_acme', '--pending')).toEqual([
      { scope: 'tenant_acme', number: expect.any(Number), name: 'rights', applied_at: null },
    ]);
    expect((await shown('--schema', 'public')).every(({ scope }) => scope === 'shared')).toBe(true);
    expect((await shown('--pending')).every(({ applied_at }) => applied_at === null)).toBe(true);
    expect((await leopard('showmigrations', '--schema', 'public', '--pending')).stdout).toBe(
      'nothing is pending',
    );
    expect(await leopard('showmigrations', '--schema', 'nobody')).toMatchObject({
      exitCode: 1,
      stderr: 'there is no tenant with the schema tenant_nobody; see: leopard tenants list',
    });
  });
});

const query = (sql: string) => withOwner(database.owner, (client) => client.query(sql));

/** Removes a migration that may be applied twice from the ledger. */
async function loseMigrations(schema: string): Promise<void> {
  await withOwner(database.owner, (client) =>
    client.query(`DELETE FROM public.migration_ledger WHERE scope = $1 AND name = 'rights'`, [schema]),
  );
}
