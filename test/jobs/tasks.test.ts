import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { tasksJob } from '../../src/immigration/tasks/tasks-job.js';
import { JOB_SETTINGS, type JobTest, jobTest } from '../helpers/jobs.js';
import { idOf } from '../helpers/staff.js';

let test: JobTest;

beforeAll(async () => {
  test = await jobTest();
});
afterAll(() => test.close());

beforeEach(() =>
  test.sql(`
    DELETE FROM tenant_main.immigration_task; DELETE FROM tenant_main.immigration_notification;
    DELETE FROM public.job_tenant; DELETE FROM public.job_change;
    UPDATE public.tenants_tenant SET subscription_status = 'ACTIVE'`),
);

/** Creates a task that is due in this many hours. */
async function task(hours: number, { status = 'PENDING', assignee = 'consultant1' as string | null } = {}) {
  const [row] = await test.sql(
    `INSERT INTO tenant_main.immigration_task (title, priority, status, due_date, assigned_to_id)
     VALUES ('Lodge it', 'HIGH', $2, now() + make_interval(hours => $1), $3) RETURNING id::integer, due_date::text`,
    [hours, status, assignee && idOf(assignee)],
  );
  return row as { id: number; due_date: string };
}

/** Returns the types of all notifications after a run. */
async function typesAfterRun(options: Parameters<JobTest['run']>[1] = {}): Promise<unknown[]> {
  expect((await test.run(tasksJob, options)).failures).toEqual([]);
  return (await test.notifications()).map(({ type }) => type);
}

const inHours = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();
const move = (hours: number) =>
  test.sql('UPDATE tenant_main.immigration_task SET due_date = now() + make_interval(hours => $1)', [hours]);

it('tells the assignee once that a task is due soon, and once that it is overdue', async () => {
  const { id, due_date } = await task(71);
  expect(await typesAfterRun()).toEqual(['TASK_DUE_SOON']);
  expect(await typesAfterRun({ everywhere: true })).toEqual(['TASK_DUE_SOON']);
  const overdue = { everywhere: true, moment: inHours(72) };
  expect(await typesAfterRun(overdue)).toEqual(['TASK_DUE_SOON', 'TASK_OVERDUE']);
  expect(await typesAfterRun(overdue)).toEqual(['TASK_DUE_SOON', 'TASK_OVERDUE']);
  const common = { due: due_date, user: idOf('consultant1'), meta: { task_id: id, priority: 'HIGH' } };
  expect(await test.notifications()).toEqual([
    { type: 'TASK_DUE_SOON', title: 'Task due soon', message: 'Task "Lodge it" is due soon', ...common },
    { type: 'TASK_OVERDUE', title: 'Task overdue', message: 'Task "Lodge it" is overdue', ...common },
  ]);
});

it('says "due soon" so many days ahead as the settings say, also when they change', async () => {
  await task(100);
  expect(await typesAfterRun()).toEqual([]);
  expect(await typesAfterRun({ settings: { ...JOB_SETTINGS, tasksDueSoonDefaultDays: 5 } })).toEqual([
    'TASK_DUE_SOON',
  ]);
});

it('tells anew of another due date, and not again of one that was told before', async () => {
  const { due_date } = await task(-1);
  expect(await typesAfterRun()).toEqual(['TASK_OVERDUE']);
  await move(-2);
  expect(await typesAfterRun()).toEqual(['TASK_OVERDUE', 'TASK_OVERDUE']);
  await move(10);
  expect(await typesAfterRun()).toHaveLength(3);
  await test.sql('UPDATE tenant_main.immigration_task SET due_date = $1', [due_date]);
  expect(await typesAfterRun()).toHaveLength(3);
});

it('tells of a task that was overdue before anybody looked only that', async () => {
  await task(-1_000);
  expect(await typesAfterRun()).toEqual(['TASK_OVERDUE']);
});

it('tells of pending tasks and those in progress only, and only where somebody is assigned', async () => {
  for (const status of ['COMPLETED', 'CANCELLED', 'OVERDUE']) await task(-1, { status });
  await task(1, { assignee: null });
  expect(await typesAfterRun()).toEqual([]);
  await task(-1, { status: 'IN_PROGRESS' });
  expect(await typesAfterRun()).toEqual(['TASK_OVERDUE']);
  await test.sql('UPDATE tenant_main.immigration_task SET assigned_to_id = 1 WHERE assigned_to_id IS NULL');
  expect(await typesAfterRun()).toEqual(['TASK_OVERDUE', 'TASK_DUE_SOON']);
});

it('tells who gave the task where its assignee is disabled, else the branch’s admins, else the agency’s', async () => {
  const given = (assigner: string | null) =>
    test.sql('UPDATE tenant_main.immigration_task SET assigned_by_id = $1', [assigner && idOf(assigner)]);
  const told = async () => {
    await test.run(tasksJob, { everywhere: true });
    const rows = await test.notifications();
    await test.sql('DELETE FROM tenant_main.immigration_notification; DELETE FROM tenant_main.task_notice');
    return rows.map(({ user }) => user);
  };
  await task(-1, { assignee: 'gone' });
  await given('manager1');
  expect(await told()).toEqual([idOf('manager1')]);
  await given('gone');
  expect(await told()).toEqual([idOf('branch1')]); // of the branch of the one who is gone
  await test.sql('UPDATE tenant_main.immigration_branch SET deleted_at = now() WHERE id = 1');
  expect(await told()).toEqual([idOf('admin'), idOf('root')]);
  await test.sql('UPDATE tenant_main.immigration_branch SET deleted_at = NULL');
  await test.run(tasksJob, { everywhere: true });
  expect((await test.notifications())[0]?.message).toBe(
    'Task "Lodge it" is overdue; gone, to whom it is assigned, is disabled',
  );
});

it('leaves suspended tenants alone, and changes nothing in a dry run', async () => {
  await task(-1);
  expect((await test.run(tasksJob, { dryRun: true })).done).toBe(1);
  await test.sql("UPDATE public.tenants_tenant SET subscription_status = 'SUSPENDED'");
  expect(await typesAfterRun()).toEqual([]);
  await test.sql("UPDATE public.tenants_tenant SET subscription_status = 'ACTIVE'");
  expect(await typesAfterRun()).toEqual(['TASK_OVERDUE']);
});

it('looks again when the next task becomes due soon or overdue', async () => {
  const next = async () => {
    await test.run(tasksJob);
    const [row] = await test.sql(
      "SELECT round(extract(epoch FROM next_at - now()))::integer AS s FROM public.job_tenant WHERE schema_name = 'tenant_main'",
    );
    return row!.s as number;
  };
  const moveTo = (interval: string) =>
    test.sql('UPDATE tenant_main.immigration_task SET due_date = now() + $1::interval', [interval]);
  await task(72);
  await moveTo('3 days 10 minutes');
  expect(await next()).toBeGreaterThan(590);
  expect(await next()).toBeLessThan(601);
  await moveTo('20 minutes');
  expect(await next()).toBeGreaterThan(1_190);
  expect(await next()).toBeLessThan(1_201);
});

it('makes each notification once, however many processes look at once', async () => {
  await test.sql(
    `INSERT INTO tenant_main.immigration_task (title, due_date, assigned_to_id)
     SELECT n::text, now() - interval '1 day', 1 + n % 3 FROM generate_series(1, 5000) n`,
  );
  await Promise.all(Array.from({ length: 4 }, () => test.run(tasksJob, { everywhere: true })));
  await test.run(tasksJob, { everywhere: true });
  const [row] = await test.sql(
    `SELECT count(*)::integer AS all, count(DISTINCT meta_info ->> 'task_id')::integer AS different
     FROM tenant_main.immigration_notification`,
  );
  expect(row).toEqual({ all: 5000, different: 5000 });
});
