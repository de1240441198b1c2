import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ConnectionSettings } from '../../src/config/config.js';
import { withOwner } from '../../src/database/owner.js';
import { PACKAGE_ROOT } from '../../src/platform/package-root.js';
import { cliSurroundings, runCommand, settingsFor } from '../helpers/cli.js';
import { testDatabase } from '../helpers/database.js';
import { contents } from './contents.js';

// Processes of the program are killed while they write and restore a backup of some size.

let from: Awaited<ReturnType<typeof cliSurroundings>>;
let elsewhere: string;

beforeAll(async () => {
  from = await cliSurroundings();
  elsewhere = await mkdtemp(join(tmpdir(), 'leopard-killed-'));
  await withOwner(from.database.owner, async (client) => {
    for (const schema of ['tenant_main', 'tenant_demo']) {
      await client.query(`SET search_path TO ${schema};
        INSERT INTO immigration_event (event_type, entity_type, entity_id, action, status, current_state)
        SELECT 'Client.CREATE', 'Client', n, 'CREATE', 'COMPLETED', jsonb_build_object('text', repeat('text', 100))
        FROM generate_series(1, 40000) n`);
    }
  });
}, 120_000);
afterAll(async () => {
  await from.close();
  await rm(elsewhere, { recursive: true });
});

/** Starts a command and kills it as soon as `until` holds. @returns whether it was killed before its end */
async function killed(
  settings: NodeJS.ProcessEnv,
  args: string[],
  until: () => Promise<boolean> | boolean,
): Promise<boolean> {
  const child = spawn(process.execPath, [join(PACKAGE_ROOT, 'bin', 'leopard.js'), ...args], {
    env: { PATH: process.env.PATH, ...settings },
    stdio: 'ignore',
  });
  const ended = new Promise<NodeJS.Signals | null>((resolve) =>
    child.once('exit', (_, signal) => resolve(signal)),
  );
  let running = true;
  void ended.then(() => {
    running = false;
  });
  while (running && !(await until())) await sleep(5);
  child.kill('SIGKILL');
  return (await ended) === 'SIGKILL';
}

/** Returns whether rows are just loaded into a tenant's tables. */
function loading(admin: ConnectionSettings, database: string): Promise<boolean> {
  return withOwner(admin, async (client) => {
    const { rowCount } = await client.query(
      `SELECT FROM pg_stat_activity WHERE datname = $1 AND query ~ '^COPY "tenant_' AND state = 'active'`,
      [database],
    );
    return rowCount !== 0;
  });
}

test('a backup that is killed leaves no file under its name, and the next one removes what it left', {
  timeout: 120_000,
}, async () => {
  const file = join(from.folder, 'platform.tar');
  const unfinished = async () => (await readdir(from.folder)).filter((name) => name.endsWith('.part'));
  expect(
    await killed(from.settings, ['backup', '--to', file], async () => (await unfinished()).length > 0),
  ).toBe(true);
  expect(existsSync(file)).toBe(false);
  expect(await unfinished()).toHaveLength(1);
  const { exitCode, stderr } = await runCommand(from.settings, ['backup', '--to', file]);
  expect([exitCode, stderr]).toEqual([0, '']);
  expect(await unfinished()).toEqual([]);
  expect((await runCommand(from.settings, ['restore', file, '--dry-run'])).stderr).toMatch(/is not empty/);
});

test('a verification that is killed leaves nothing of the tenant that it restored', {
  timeout: 120_000,
}, async () => {
  const { admin, owner } = from.database;
  const loads = () => loading(admin, owner.database);
  expect(await killed(from.settings, ['backup', 'verify', join(from.folder, 'platform.tar')], loads)).toBe(
    true,
  );
  await expect.poll(loads).toBe(false);
  const { rows } = await withOwner(owner, (client) =>
    client.query(`SELECT nspname FROM pg_namespace WHERE nspname LIKE 'tenant\\_%' UNION ALL
      SELECT rolname FROM pg_roles WHERE rolname LIKE 'tenant\\_verify%' ORDER BY 1`),
  );
  expect(rows.map(({ nspname }) => nspname)).toEqual(['tenant_demo', 'tenant_main']);
});

test('a restore that is killed at any step leaves whole tenants only, and the next run does the rest', {
  timeout: 240_000,
}, async () => {
  const file = join(from.folder, 'platform.tar');
  const database = await testDatabase({ from: 'empty' });
  const folder = join(elsewhere, 'target');
  await mkdir(folder);
  const settings = settingsFor(database, folder);
  const exists = (what: string) =>
    withOwner(
      database.owner,
      async (client) => (await client.query('SELECT to_regclass($1) IS NOT NULL AS it', [what])).rows[0].it,
    );
  const loads = () => loading(database.admin, database.owner.database);
  const tenants = async () =>
    Object.keys(
      (await exists('public.tenants_tenant'))
        ? Object.fromEntries(
            (await contents(database.owner, 'public', ['tenants_tenant'])).tenants_tenant!.map((row) => [
              row,
              0,
            ]),
          )
        : {},
    ).length;
  // While public is migrated, while the first tenant is loaded, and while the second is.
  const steps: [() => Promise<boolean>, number][] = [
    [() => exists('public.migration_ledger'), 0],
    [loads, 0],
    [async () => (await tenants()) === 1 && (await loads()), 1],
  ];
  for (const [until, whole] of steps) {
    expect(await killed(settings, ['restore', file], until)).toBe(true);
    await expect.poll(loads).toBe(false);
    expect(await tenants()).toBe(whole);
  }
  expect((await runCommand(settings, ['doctor'])).stdout).toMatch(/the restore of a backup .* did not end/);
  const other = join(from.folder, 'other.tar');
  await runCommand(from.settings, ['backup', '--to', other]);
  expect((await runCommand(settings, ['restore', other])).stderr).toMatch(
    /^the restore of another backup began/,
  );

  const { exitCode, stdout, stderr } = await runCommand(settings, ['restore', file]);
  expect([exitCode, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/1 were restored by an earlier run$/);
  for (const schema of ['tenant_main', 'tenant_demo'])
    expect(await contents(database.owner, schema)).toEqual(await contents(from.database.owner, schema));
  expect((await runCommand(settings, ['doctor'])).stdout).not.toMatch(/problem/);
  await database.drop();
});
