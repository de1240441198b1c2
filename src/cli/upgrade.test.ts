import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type CommandOptions, cliSurroundings, runCommand } from '../../test/helpers/cli.js';
import { readMigrations } from '../database/migration-files.js';
import { type OwnerClient, withOwner } from '../database/owner.js';
import { PACKAGE_ROOT } from '../platform/package-root.js';
import { fileName } from '../schema/migration-state.js';

let surroundings: Awaited<ReturnType<typeof cliSurroundings>>;
beforeAll(async () => {
  surroundings = await cliSurroundings();
  await sql(`CREATE TABLE public.kept_ledger AS TABLE public.migration_ledger;
    CREATE TABLE public.kept_capture AS TABLE public.event_capture`);
});
afterAll(() => surroundings?.close());

const last = readMigrations().tenant.at(-1)!;
/** Takes the last two migrations of one agency out of the ledger, so that they count as pending. */
const takeTwoBack = () =>
  sql(`DELETE FROM public.migration_ledger WHERE scope = 'tenant_main' AND number > ${last.number - 2}`);

const check = (args: string[] = [], options?: CommandOptions) =>
  runCommand(surroundings.settings, ['upgrade', '--check', ...args], options);
const sql = (text: string) =>
  withOwner(surroundings.database.owner, (client: OwnerClient) => client.query(text));

describe('leopard upgrade --check', () => {
  beforeEach(() =>
    sql(`DELETE FROM public.migration_ledger; INSERT INTO public.migration_ledger TABLE public.kept_ledger;
      DELETE FROM public.event_capture; INSERT INTO public.event_capture TABLE public.kept_capture`),
  );

  it('exits with 0 where there is nothing to do', async () => {
    expect(await check()).toMatchObject({
      exitCode: 0,
      stdout: 'nothing to do: version 0.1.0 starts on this database as it is',
      stderr: '',
    });
    const { stdout } = await check(['--json']);
    expect(JSON.parse(stdout)).toMatchObject({
      verdict: 'nothing',
      version: '0.1.0',
      database: { kind: 'server', step: 'none', server: expect.stringMatching(/^\d+\.\d+$/) },
      older_processes: { may_go_on: true },
      settings: { changed: [], unknown: [] },
    });
  });

  it('exits with 3 and lists what is pending, which it does not apply', async () => {
    await takeTwoBack();
    await sql("UPDATE public.event_capture SET checksum = 'x' WHERE schema_name = 'tenant_main'");
    const { exitCode, stdout, stderr } = await check();
    expect([exitCode, stderr]).toEqual([3, 'there is work to do']);
    const lines = stdout.split('\n');
    expect(lines[0]).toMatch(
      /^migrations: 2 of tenants \(2 in all\); (about|less than) [\d.]+ s, estimated$/,
    );
    expect(lines).toContain(`  ${fileName(last)} (1 tenant)`);
    expect(lines).toContain('  capture of events (1 tenant)');
    expect(lines).toContain('    immigration_client: SHARE ROW EXCLUSIVE: writes wait');
    expect(lines).toContain('capture of events: renewed at 1 of 2 tenants');
    expect(lines).toContain('older processes: can go on beside this version, and be started again');
    const { stdout: again } = await check(['--json']);
    expect(JSON.parse(again)).toMatchObject({
      verdict: 'work',
      plan: { captures: 1, tenants: 2 },
      disk: { free: null },
    });
  });

  it('says without the owner only what is pending', async () => {
    await takeTwoBack();
    const { exitCode, stdout } = await check([], { environment: { DATABASE_OWNER_URL: '' } });
    expect(exitCode).toBe(3);
    expect(stdout).toContain(`  ${fileName(last)} (1 tenant)`);
    expect(stdout).toContain(
      'locks and times are not known: the owner of the tables can try them: set DB_OWNER_USER',
    );
  });

  it('exits with 3 for settings that have changed, and names those that nothing reads', async () => {
    const environment = { DELIVERY_CONCURRENCY_PER_HOST: '3', LEOPARD_SERVICE: 'api' };
    const { exitCode, stdout } = await check([], { environment });
    expect(exitCode).toBe(3);
    expect(stdout.split('\n')).toEqual([
      'setting: DELIVERY_CONCURRENCY_PER_HOST was removed in 0.1.0 and has no effect; set DELIVERY_CONCURRENCY_PER_TENANT and DELIVERY_CONCURRENCY_PER_ENDPOINT',
      'setting: LEOPARD_SERVICE is read by nothing; LEOPARD_SERVICES is meant?',
    ]);
    expect((await check([], { environment: { LEOPARD_SERVICE: 'api' } })).exitCode).toBe(0);
  });

  it('exits with 1 where this version cannot be started: settings, or a newer database', async () => {
    const { exitCode, stdout } = await check([], { environment: { SECRET_KEY: '', PORT: 'x' } });
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^blocked: SECRET_KEY is missing/m);
    expect(stdout).toMatch(/^blocked: PORT must be a whole number/m);
    const row = `('tenant_main', 501, 'other_breaking', '${'f'.repeat(64)}')`;
    await sql(`INSERT INTO public.migration_ledger (scope, number, name, checksum) VALUES ${row}`);
    const newer = await check();
    expect([newer.exitCode, newer.stderr]).toEqual([1, 'this version cannot be started as things are']);
    expect(newer.stdout).toMatch(/^blocked: the database is that of a newer version .*0501_other_breaking/);
    await sql("UPDATE public.migration_ledger SET name = 'other' WHERE number = 501");
    const additive = await check();
    expect(additive).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('the last is 0501_other; this one goes on'),
    });
  });
});

it('is called as docs/upgrades.md says', async () => {
  const page = readFileSync(join(PACKAGE_ROOT, 'docs', 'upgrades.md'), 'utf8');
  const section = page.slice(page.indexOf('## Before'), page.indexOf('## Expand'));
  const commands = [...section.matchAll(/^leopard (.*?) +#/gm)].map(([, args]) => args!.split(' '));
  expect(commands).toHaveLength(2);
  for (const args of commands) expect((await runCommand(surroundings.settings, args)).exitCode).toBe(0);
});

it('carries nothing out: without --check it says how to', async () => {
  const { exitCode, stderr } = await runCommand(surroundings.settings, ['upgrade']);
  expect([exitCode, stderr]).toEqual([
    2,
    expect.stringContaining('starting the new version, or by leopard migrate'),
  ]);
});

describe('with the embedded database', () => {
  const folder = mkdtempSync(join(tmpdir(), 'leopard-upgrade-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('tells of its creation, and of data of another major version, without starting it', async () => {
    const settings = { LEOPARD_DATA_DIR: folder };
    const none = await runCommand(settings, ['upgrade', '--check']);
    expect(none).toMatchObject({
      exitCode: 3,
      stdout: expect.stringMatching(/^database: there is none yet in /),
    });
    mkdirSync(join(folder, 'postgresql', 'data'), { recursive: true });
    writeFileSync(join(folder, 'postgresql', 'data', 'PG_VERSION'), '17\n');
    const other = await runCommand(settings, ['upgrade', '--check', '--json']);
    expect(other.exitCode).toBe(3);
    expect(JSON.parse(other.stdout)).toMatchObject({
      verdict: 'work',
      plan: null,
      database: { step: 'major', text: expect.stringContaining('run: leopard database upgrade') },
      older_processes: { may_go_on: false },
      disk: { free: expect.any(Number) },
    });
  });
});
