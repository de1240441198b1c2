import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand, settingsFor } from '../../test/helpers/cli.js';
import { type TestDatabase, testDatabase } from '../../test/helpers/database.js';
import { withOwner } from '../database/owner.js';

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
  ])('refuses %j', async (args, exitCode, message) => {
    const result = await leopard('migrate', ...args);
    expect([result.exitCode, result.stdout]).toEqual([exitCode, '']);
    expect(result.stderr).toMatch(message);
    expect(result.stderr).not.toContain('\n');
  });
});

describe('showmigrations', () => {
  it('lists schema by schema, with what is applied and what is not', async () => {
    await loseMigrations('tenant_acme');
    const { stdout } = await leopard('showmigrations');
    const lines = stdout.split('\n');
    expect(lines[0]).toBe('public');
    expect(lines[1]).toMatch(/^ {2}\[x\] 0001_migration_ledger {2}\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    const acme = lines.slice(lines.indexOf('tenant_acme') + 1);
    const pending = acme.slice(0, acme.indexOf('tenant_broken')).filter((line) => line.includes('[ ]'));
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

/** Removes a migration that may be applied twice from the ledger. */
async function loseMigrations(schema: string): Promise<void> {
  await withOwner(database.owner, (client) =>
    client.query(`DELETE FROM public.migration_ledger WHERE scope = $1 AND name = 'rights'`, [schema]),
  );
}
