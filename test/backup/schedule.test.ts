import { mkdtemp, readdir, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { JOBS } from '../../src/app/jobs.js';
import { backupsJob } from '../../src/backup/backups-job.js';
import { backupAges, backupState, makeDueBackups } from '../../src/backup/scheduled-backups.js';
import { Database } from '../../src/database/database.js';
import { withOwner } from '../../src/database/owner.js';
import { Scheduler } from '../../src/jobs/scheduler.js';
import { Metrics } from '../../src/metrics/metrics.js';
import { type CommandResult, cliSurroundings, runCommand, settingsFor } from '../helpers/cli.js';
import { type TestDatabase, testDatabase } from '../helpers/database.js';
import { JOB_SETTINGS } from '../helpers/jobs.js';
import { contents } from './contents.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

let from: Awaited<ReturnType<typeof cliSurroundings>>;
let folder: string;
let settings: NodeJS.ProcessEnv;
let database: Database;
let other: TestDatabase | undefined;
const signal = new AbortController().signal;

beforeAll(async () => {
  from = await cliSurroundings();
  folder = join(await mkdtemp(join(tmpdir(), 'leopard-schedule-')), 'backups');
  settings = { ...from.settings, BACKUP_DIR: folder };
  database = new Database(from.database.app, { size: 2 });
});
afterAll(async () => {
  await database.close();
  await other?.drop();
  await from.close();
  await rm(join(folder, '..'), { recursive: true });
});

const configured = () => ({
  mediaDirectory: join(from.folder, 'media'),
  backups: { directory: folder, everyHours: 24, keepDays: 30, withFiles: true },
});
const due = (now: Date) => makeDueBackups(from.database.owner, configured(), { signal, now });
const names = async () => (await readdir(folder)).sort();

function done({ exitCode, stdout, stderr }: CommandResult): string {
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  return stdout;
}

test('the scheduler backs up the shared tables and each tenant, and not again before the interval is over', async () => {
  const jobs = backupsJob(configured(), from.database.owner);
  const errors: string[] = [];
  const scheduler = new Scheduler({
    database,
    settings: JOB_SETTINGS,
    jobs: [...jobs],
    onError: (message) => errors.push(message),
  });
  scheduler.start();
  await expect
    .poll(async () => (await names().catch(() => [])).filter((name) => name.endsWith('.tar')).length, {
      timeout: 30_000,
    })
    .toBe(3);
  await scheduler.stop();
  expect(errors).toEqual([]);
  expect((await names()).map((name) => name.split('-')[0])).toEqual(['public', 'tenant_demo', 'tenant_main']);
  expect(await due(new Date())).toEqual({ done: [], failures: [], removed: 0 });
  expect(JOBS.map(({ name }) => name)).not.toContain('backups');
  expect(
    backupsJob({ ...configured(), backups: { ...configured().backups, directory: null } }, null),
  ).toEqual([]);
});

test('without the owner’s settings the scheduler makes none', () => {
  expect(backupsJob(configured(), null)).toEqual([]);
});

test('one tenant’s failure is its own, and what is too old is told', async () => {
  const later = new Date(Date.now() + 2 * DAY + HOUR);
  await withOwner(from.database.owner, (client) =>
    client.query('ALTER SCHEMA tenant_demo RENAME TO somewhere_else'),
  );
  const result = await due(later);
  expect(result.done).toEqual(['public', 'tenant_main']);
  expect(result.failures).toMatchObject([
    { scope: 'tenant_demo', error: { message: expect.stringMatching(/^the schema tenant_demo is missing/) } },
  ]);
  await withOwner(from.database.owner, (client) =>
    client.query('ALTER SCHEMA somewhere_else RENAME TO tenant_demo'),
  );
  const subjects = ['public', 'tenant_main', 'tenant_demo'].map((scope) => ({ scope, since: Date.now() }));
  const ages = await backupAges(subjects, configured().backups, later);
  expect(ages[0]).toMatchObject({ scope: 'tenant_demo', isDue: true, isOverdue: true });
  expect(ages.slice(1).map(({ isOverdue }) => isOverdue)).toEqual([false, false]);
});

test('the metrics and doctor tell how old the backups are', async () => {
  const metrics = new Metrics(database);
  metrics.watchBackups(() => backupState(database, configured().backups));
  expect(await metrics.text()).toMatch(/^leopard_backups_overdue 0$/m);
  expect(await metrics.text()).toMatch(/^leopard_backup_oldest_age_seconds \d+$/m);
  expect((await runCommand(settings, ['doctor'])).stdout).toMatch(/backups +ok +the newest of each is /);
  // The file of one tenant is three days old.
  const demo = (await names()).find((name) => name.startsWith('tenant_demo'))!;
  const old = `tenant_demo-${stamp(new Date(Date.now() - 3 * DAY))}.tar`;
  await withOwner(from.database.owner, (client) =>
    client.query(`UPDATE public.tenants_tenant SET created_at = now() - interval '10 days'`),
  );
  await rename(join(folder, demo), join(folder, old));
  expect((await runCommand(settings, ['doctor'])).stdout).toMatch(
    /backups +problem +.*demo.* is 72 hours old; .*leopard backup due/,
  );
  expect(await backupState(database, configured().backups)).toMatchObject({ overdue: 1 });
  // A folder that cannot be read must not silence the alarm.
  const unreadable = { ...configured().backups, directory: join(folder, old) };
  expect(await backupState(database, unreadable)).toMatchObject({ overdue: 3 });
  await rename(join(folder, old), join(folder, demo));
});

test('old backups are removed, but not the newest of a tenant that exists, nor other files', async () => {
  await writeFile(join(folder, 'notes.txt'), '');
  const gone = `tenant_gone-${stamp(new Date(Date.now() - 40 * DAY))}.tar`;
  await writeFile(join(folder, gone), '');
  const dead = 'tenant_main-20200101T000000Z.tar.elsewhere.4711.0123abcd.part';
  await writeFile(join(folder, dead), '');
  await utimes(join(folder, dead), new Date(0), new Date(0));
  const much = new Date(Date.now() + 60 * DAY);
  const before = await names();
  const { done: made, removed } = await due(much);
  expect(made).toHaveLength(3);
  expect(removed).toBe(before.length - 2);
  expect(await names()).toEqual([...made.map((scope) => `${scope}-${stamp(much)}.tar`), 'notes.txt'].sort());
});

test('the commands list, make, verify and restore scheduled backups', { timeout: 60_000 }, async () => {
  await rm(folder, { recursive: true });
  expect(done(await runCommand(settings, ['backup', 'due']))).toBe('3 backed up, 0 old backups removed');
  const listed = JSON.parse(done(await runCommand(settings, ['backup', 'list', '--json'])));
  expect(listed.map(({ scope }: { scope: string }) => scope).sort()).toEqual([
    'public',
    'tenant_demo',
    'tenant_main',
  ]);
  const verified = JSON.parse(done(await runCommand(settings, ['backup', 'verify', '--json'])));
  expect(verified.file.startsWith(folder)).toBe(true);

  // A tenant that was deleted since is not restored.
  await rename(
    join(folder, listed.find(({ scope }: { scope: string }) => scope === 'tenant_demo').name),
    join(folder, 'tenant_deleted-20200101T000000Z.tar'),
  );
  other = await testDatabase({ from: 'empty' });
  const elsewhere = settingsFor(other, join(folder, '..'));
  const { exitCode, stderr } = await runCommand(elsewhere, ['restore', folder]);
  expect([exitCode, stderr]).toEqual([1, `demo: there is no backup in ${folder}; the others are restored`]);
  expect(await contents(other.owner, 'tenant_main')).toEqual(
    await contents(from.database.owner, 'tenant_main'),
  );
  expect(Object.keys(await contents(other.owner, 'tenant_demo'))).toEqual([]);
});

test('verifying restores a tenant under a scratch name of which nothing is left, and names a damaged backup', async () => {
  const file = join(from.folder, 'platform.tar');
  done(await runCommand(settings, ['backup', '--to', file]));
  const schemas = () =>
    withOwner(from.database.owner, async (client) => [
      (await client.query(`SELECT nspname FROM pg_namespace WHERE nspname LIKE 'tenant%' ORDER BY 1`)).rows,
      (await client.query(`SELECT rolname FROM pg_roles WHERE rolname LIKE 'tenant_verify%'`)).rows,
      (await client.query('SELECT * FROM public.tenants_tenant ORDER BY id')).rows,
    ]);
  const before = await schemas();
  expect(done(await runCommand(settings, ['backup', 'verify', file]))).toMatch(
    /is whole: \d+ rows .*\ntenant_(main|demo) was restored from it for comparison, and removed again$/,
  );
  expect(await schemas()).toEqual(before);
  await writeFile(file, 'something else');
  const { exitCode, stderr } = await runCommand(settings, ['backup', 'verify', file]);
  expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/backup/)]);
});

function stamp(at: Date): string {
  return at.toISOString().replace(/[-:]|\.\d+/g, '');
}
