import { spawnSync } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cellsJob } from '../../src/app/cells-job.js';
import { backupsJob } from '../../src/backup/backups-job.js';
import { stateOfAllBackups } from '../../src/backup/scheduled-backups.js';
import { Database } from '../../src/database/database.js';
import { withOwner } from '../../src/database/owner.js';
import { databaseUrl, runCommand, settingsFor } from '../helpers/cli.js';
import { type TwoCells, twoCells } from '../helpers/two-cells.js';

const hasPsql = spawnSync('psql', ['--version']).status === 0;

let place: TwoCells;

beforeAll(async () => {
  place = await twoCells();
});

afterAll(() => place?.close());

function leopard(...args: string[]) {
  const { catalogue, config, eu2 } = place;
  const cells = { eu2: { url: databaseUrl(eu2.app), owner_url: databaseUrl(eu2.owner!) } };
  const settings = settingsFor(catalogue, config.dataDirectory);
  return runCommand({ ...settings, LEOPARD_CELLS: JSON.stringify(cells) }, args);
}

async function inCell<Row extends object>(text: string): Promise<Row[]> {
  return (await withOwner(place.eu2.owner!, (client) => client.query<Row>(text))).rows;
}

const inCatalogue = (text: string) => withOwner(place.catalogue.owner, (client) => client.query(text));
const rowInCell = async () => (await inCell('SELECT * FROM public.tenants_tenant'))[0];

test('leopard cells shows each database with its tenants', async () => {
  const { stdout } = await leopard('cells', '--json');
  expect(JSON.parse(stdout)).toMatchObject([
    { cell: 'main', problem: null, tenants: 2, version: expect.any(String), bytes: expect.any(Number) },
    { cell: 'eu2', problem: null, tenants: 1 },
  ]);
  expect((await leopard('cells')).stdout).toMatch(/eu2 +up +1 +\d+ MB/);
});

test('commands on a tenant work where it lives', async () => {
  const { stdout } = await leopard('tenants', 'list', '--json');
  expect(JSON.parse(stdout)).toContainEqual(expect.objectContaining({ tenant: 'far', trouble: null }));
  await leopard('tenants', 'set-time-zone', '--tenant', 'far', '--zone', 'Asia/Kathmandu');
  expect(await rowInCell()).toMatchObject({ settings: { time_zone: 'Asia/Kathmandu' } });
  const unlocked = await leopard('users', 'unlock', 'consultant12', '--tenant', 'far');
  expect(unlocked.exitCode, unlocked.stderr).toBe(0);
});

test('scheduled backups of a cell have a folder of their own, and count in the figures', async () => {
  const { config, eu2, catalogue } = place;
  const directory = join(config.dataDirectory, 'backups');
  const settings = { ...config, backups: { ...config.backups, directory } };
  const [job] = backupsJob(settings, eu2.owner, 'eu2');
  const database = new Database(eu2.app, { size: 1 });
  const main = new Database(catalogue.app, { size: 1 });
  try {
    const signal = new AbortController().signal;
    const { failures } = await job!.run({ database, schema: null, signal } as never);
    expect(failures).toEqual([]);
    expect((await readdir(join(directory, 'cells', 'eu2'))).map((name) => name.split('-')[0]).sort()).toEqual(
      ['public', 'tenant_far'],
    );
    await inCatalogue("UPDATE public.tenants_tenant SET created_at = now() - interval '90 days'");
    const cells = [{ name: 'eu2', database }];
    // Of the database with the catalogue there is none yet: its two tenants and its own schema.
    expect(await stateOfAllBackups(main, settings, cells)).toMatchObject({ overdue: 3 });
  } finally {
    await database.close();
    await main.close();
  }
});

test('what is changed in the catalogue is copied into the cell by the command itself', async () => {
  await leopard('tenants', 'suspend', 'far');
  expect(await rowInCell()).toMatchObject({ subscription_status: 'SUSPENDED', id: '501', cell: null });
  await leopard('tenants', 'activate', 'far');
  expect(await rowInCell()).toMatchObject({ subscription_status: 'ACTIVE' });
  await leopard('tenants', 'domains', 'add', 'crm.far.example', '--tenant', 'far');
  expect(await inCell('SELECT domain, is_primary FROM public.tenants_domain ORDER BY domain')).toEqual([
    { domain: 'crm.far.example', is_primary: false },
    { domain: 'far.localhost', is_primary: true },
  ]);
});

test('a pause holds in all cells, and is over in all', async () => {
  const paused = async () =>
    (
      await inCell<{ is_paused: boolean }>(
        'SELECT is_paused FROM public.immigration_event_processing_control',
      )
    )[0]!.is_paused;
  const handlers = () => inCell('SELECT handler, reason FROM public.event_pause');
  await leopard('events', 'pause', '--reason', 'repairs');
  expect(await paused()).toBe(true);
  await leopard('events', 'pause', '--handler', 'webhook');
  expect(await handlers()).toEqual([{ handler: 'webhook', reason: '' }]);
  const { stdout } = await leopard('events', 'status', '--json');
  expect(JSON.parse(stdout).pauses).toHaveLength(2);
  await leopard('events', 'resume');
  await leopard('events', 'resume', '--handler', 'webhook');
  expect([await paused(), await handlers()]).toEqual([false, []]);
  await leopard('events', 'pause', '--tenant', 'far');
  expect(await inCell('SELECT schema_name FROM public.event_pause')).toEqual([{ schema_name: 'tenant_far' }]);
  expect((await leopard('events', 'resume', '--tenant', 'far')).stdout).toContain('resumed');
});

test('a cell that was away when the catalogue changed catches up: when it is used again, and by the job', async () => {
  await inCatalogue(`
    UPDATE public.tenants_tenant SET max_users = 7, name = 'Farther' WHERE schema_name = 'tenant_far';
    UPDATE public.immigration_event_processing_control SET is_paused = true`);
  const doctor = await leopard('doctor', '--json');
  const findings = JSON.parse(doctor.stdout).checks as { check: string; text: string; status: string }[];
  expect(findings).toContainEqual({
    check: 'eu2: catalogue',
    status: 'problem',
    text: expect.stringContaining("its row of tenant_far differs from the catalogue's"),
  });
  const [cell] = await place.start();
  const row = { max_users: 7, name: 'Farther', settings: { time_zone: 'Asia/Kathmandu' } };
  expect(await rowInCell()).toMatchObject(row);
  expect(await inCell('SELECT is_paused FROM public.immigration_event_processing_control')).toEqual([
    { is_paused: true },
  ]);

  await inCatalogue(`
    UPDATE public.tenants_tenant SET max_users = 8 WHERE schema_name = 'tenant_far';
    DELETE FROM public.tenants_domain WHERE domain = 'crm.far.example';
    UPDATE public.immigration_event_processing_control SET is_paused = false`);
  const databases = [place.catalogue.app, place.eu2.app].map((app) => new Database(app, { size: 1 }));
  const [job] = cellsJob(place.handle, [{ ...cell!, database: databases[1]! }]);
  const { signal } = new AbortController();
  const run = {
    settings: place.config,
    schema: null,
    everywhere: false,
    dryRun: false,
    moment: null,
    signal,
  };
  expect(await job!.run({ database: databases[0]!, ...run })).toMatchObject({ done: 1, failures: [] });
  expect(await rowInCell()).toMatchObject({ ...row, max_users: 8 });
  expect(await inCell('SELECT domain FROM public.tenants_domain')).toEqual([{ domain: 'far.localhost' }]);
  expect((await leopard('cells', 'sync')).stdout).toContain('eu2: nothing to copy');
  await Promise.all(databases.map((database) => database.close()));
  cell!.gate.end();
});

test('an upgrade is planned for each cell', async () => {
  const checksums = await inCell<{ checksum: string }>('SELECT checksum FROM public.event_capture');
  await inCell("UPDATE public.event_capture SET checksum = 'of an earlier version'");
  try {
    const { exitCode, stdout } = await leopard('upgrade', '--check', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      verdict: 'work',
      plan: { captures: 0 },
      cells: [{ cell: 'eu2', plan: { tenants: 1, captures: 1, untried: null } }],
      left_out: [],
    });
    expect(exitCode).toBe(3);
    const shown = await leopard('upgrade', '--check');
    expect(shown.stdout).toMatch(/^cell eu2:\n.*\n? *.*capture of events/m);
  } finally {
    await inCell(`UPDATE public.event_capture SET checksum = '${checksums[0]!.checksum}'`);
  }
});

test('a backup of a cell is verified there', async () => {
  const file = join(place.config.dataDirectory, 'eu2.tar');
  await leopard('backup', '--cell', 'eu2', '--to', file);
  const { exitCode, stdout, stderr } = await leopard('backup', 'verify', file, '--cell', 'eu2', '--json');
  expect(exitCode, stderr).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ file, restored: 'tenant_far' });
  const unknown = await leopard('backup', 'verify', file, '--cell', 'eu9');
  expect(unknown).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('there is no cell eu9') });
});

test.skipIf(!hasPsql)('dbshell opens the database of the cell that is named', async () => {
  // The catalogue has two tenants, the cell one: elsewhere this divides by zero.
  const query = ['--', '-Atc', 'SELECT 1 / (count(*) = 1)::integer FROM public.tenants_tenant'];
  expect((await leopard('dbshell', '--cell', 'eu2', ...query)).exitCode).toBe(0);
  expect((await leopard('dbshell', ...query)).exitCode).not.toBe(0);
  const both = await leopard('dbshell', '--cell', 'eu2', '--tenant', 'far', ...query);
  expect(both).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('leave --cell out') });
});

test('backups that are due, and their list, are of all cells: none can be named', async () => {
  for (const name of ['due', 'list'])
    expect(await leopard('backup', name, '--cell', 'eu2')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('leave --cell out'),
    });
});

test('the embedded server is that of the catalogue alone', async () => {
  const { exitCode, stderr } = await leopard('database', 'upgrade', '--cell', 'eu2');
  expect({ exitCode, stderr }).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('the server of a further cell is upgraded as its documentation says'),
  });
});

test('a cell that does not answer is named, and commands on all others go on', async () => {
  process.kill(place.server.pid, 'SIGKILL');
  const { stdout } = await leopard('cells', '--json');
  expect(JSON.parse(stdout)).toMatchObject([
    { problem: null },
    { cell: 'eu2', problem: expect.any(String), tenants: 1 },
  ]);
  const list = JSON.parse((await leopard('tenants', 'list', '--json')).stdout);
  expect(list).toContainEqual(
    expect.objectContaining({
      tenant: 'far',
      trouble: expect.stringMatching(/^its cell eu2 does not answer/),
    }),
  );
  const pause = await leopard('events', 'pause');
  expect(pause.stderr).toContain('the cell eu2 does not answer; it catches up when it is back');
  const doctor = await leopard('doctor', '--json');
  expect(doctor.stdout).toContain('"eu2: connection"');
  const upgrade = await leopard('upgrade', '--check', '--json');
  expect(JSON.parse(upgrade.stdout)).toMatchObject({ plan: { tenants: 2 }, cells: [] });
  expect(upgrade).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('the cell eu2 is left out') });
});
