import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runCommand, settingsFor } from '../../test/helpers/cli.js';
import { type JobTest, jobTest } from '../../test/helpers/jobs.js';
import { JOBS } from '../app/jobs.js';

let test: JobTest;
let folder: string;

beforeAll(async () => {
  test = await jobTest();
  folder = await mkdtemp(join(tmpdir(), 'leopard-cli-'));
  await test.sql(
    `INSERT INTO tenant_main.immigration_reminder (title, reminder_date, created_by_id, content_type_id, object_id)
     VALUES ('Call', '2026-01-01', 1, 10, 1), ('Call again', '2026-01-01', 1, 10, 1)`,
  );
});
afterAll(async () => {
  await test.close();
  await rm(folder, { recursive: true });
});

const leopard = (...args: string[]) => runCommand(settingsFor(test.databases, folder), args);
const count = async () => (await test.notifications()).length;

it('process_reminders does what the scheduler does, once', async () => {
  const rehearsed = await leopard('process_reminders', '--dry-run');
  expect(rehearsed).toMatchObject({
    exitCode: 0,
    stdout: 'reminders: 2 to do; nothing was changed\n  main: 2',
    stderr: '',
  });
  expect(await count()).toBe(0);
  expect((await leopard('process-reminders')).stdout).toBe('reminders: 2 done\n  main: 2');
  expect((await leopard('process_reminders')).stdout).toBe('reminders: 0 done');
  expect(await count()).toBe(2);
});

it('jobs run does one job now, of one tenant where one is named', async () => {
  await test.sql(
    `INSERT INTO tenant_main.immigration_task (title, due_date, assigned_to_id) VALUES ('x', '2026-01-01', 1)`,
  );
  expect((await leopard('jobs', 'run', 'tasks', '--tenant', 'demo')).stdout).toBe('tasks: 0 done');
  const { exitCode, stdout } = await leopard('jobs', 'run', 'tasks', '--tenant', 'main', '--json');
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout)).toEqual({
    job: 'tasks',
    dry_run: false,
    done: 1,
    tenants: [{ tenant: 'main', done: 1 }],
    failures: [],
  });
});

it('jobs list shows where each stands', async () => {
  const { exitCode, stdout } = await leopard('jobs', 'list', '--json');
  expect(exitCode).toBe(0);
  const names = JSON.parse(stdout).map(({ job }: { job: string }) => job);
  expect(names).toEqual(JOBS.map(({ name }) => name));
  expect((await leopard('jobs', 'list')).stdout).toMatch(
    /^reminders +5 s +- +never yet +- +notify of reminders/m,
  );
});

it('names the tenants where it failed, and ends with 1', async () => {
  await test.sql('ALTER TABLE tenant_demo.immigration_task RENAME TO hidden');
  const { exitCode, stderr } = await leopard('jobs', 'run', 'tasks');
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/^demo: relation "immigration_task" does not exist\nit failed at 1 tenant$/);
});

it('knows no other jobs and tenants', async () => {
  expect((await leopard('jobs', 'run', 'coffee')).exitCode).toBe(2);
  expect(await leopard('jobs', 'run', 'tasks', '--tenant', 'nobody')).toMatchObject({ exitCode: 1 });
});
