import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { withOwner } from '../../src/database/owner.js';
import { deletedTenantsJob } from '../../src/provisioning/deleted-tenants-job.js';
import { dropTables } from '../../src/provisioning/drop-tables.js';
import { markDeleted } from '../../src/provisioning/shut-out.js';
import { startTestApp, type TestApp } from '../helpers/app.js';
import { runCommand, settingsFor } from '../helpers/cli.js';
import { orphans } from '../helpers/tenant-sums.js';

let app: TestApp;
let file: string;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

const leopard = (...args: string[]) => runCommand(settingsFor(app.databases, app.config.dataDirectory), args);
const sql = async <T extends object>(text: string) =>
  (await withOwner(app.databases.owner, (client) => client.query<T>(text))).rows;
const status = async (host: string) => (await app.ask('GET', '/api/public/tenant-info/', { host })).status;

it('what would be deleted is shown, and nothing is changed', async () => {
  const { stdout } = await leopard('tenants', 'delete', 'demo', '--dry-run', '--json');
  expect(JSON.parse(stdout)).toMatchObject({
    ...{ tenant: 'demo', dry_run: true, retention_days: 30, deleted_at: null },
    ...{ users: expect.any(Number), files: 0, bytes: expect.any(Number), schema_version: expect.any(Number) },
  });
  expect((await leopard('tenants', 'delete', 'demo', '--dry-run')).stdout).toMatch(
    /^nothing is changed; demo/,
  );
});

it.each([
  [['delete', 'demo'], 2, /there is no terminal for the question whether to delete demo, so add --force/],
  [['delete'], 2, /name the tenant: leopard tenants delete TENANT/],
  [['delete', 'nobody', '--force'], 1, /there is no tenant with the schema tenant_nobody/],
  [['undelete', 'demo'], 1, /^demo is not deleted$/],
  [['undelete', 'nobody'], 1, /there is no tenant with the schema tenant_nobody/],
  [['show', 'nobody'], 1, /there is no tenant with the schema tenant_nobody/],
])('%j is refused', async (args, exitCode, message) => {
  const { stderr, ...result } = await leopard('tenants', ...args);
  expect(result).toMatchObject({ exitCode, stdout: '' });
  expect(stderr).toMatch(message);
});

it('a tenant whose export fails is not deleted', async () => {
  const blocker = join(app.config.dataDirectory, 'blocker');
  await writeFile(blocker, '');
  const blocked = await leopard('tenants', 'delete', 'demo', '--force', '--export-to', `${blocker}/exports/`);
  expect(blocked).toMatchObject({ exitCode: 1, stdout: '' });
  expect(await status('demo.localhost')).toBe(200);
  expect((await leopard('tenants', 'operations')).stdout).toBe('there is no unfinished operation');
});

it('a deleted tenant is shut out, keeps its name, and can only be brought back', async () => {
  const settings = settingsFor(app.databases, app.config.dataDirectory);
  const deleted = await runCommand(settings, ['tenants', 'delete', 'demo'], { answers: ['demo'] });
  expect(deleted.questions[0]).toMatch(/shuts .* \(tenant_demo\) out; .*for 30 days\. Type demo to go on/);
  file = /^its final export: (.*)$/m.exec(deleted.stdout)![1]!;
  await expect.poll(() => status('demo.localhost')).toBe(403);
  expect((await leopard('tenants', 'list')).stdout).toMatch(/demo .*deleted, removed for good on \d{4}-/);
  expect(await leopard('tenants', 'activate', 'demo')).toMatchObject({
    exitCode: 1,
    stderr: 'demo is deleted; bring it back: leopard tenants undelete demo',
  });
  expect((await leopard('tenants', 'delete', 'demo', '--force')).stderr).toMatch(/^demo is deleted already/);
  expect((await leopard('tenants', 'create', '--tenant', 'demo', '--name', 'Other')).exitCode).toBe(1);
  expect((await leopard('tenants', 'undelete', 'demo')).stdout).toMatch(/^tenant demo is back/);
  await expect.poll(() => status('demo.localhost')).toBe(200);
});

it('one that is being deleted just now is not switched on', async () => {
  await withOwner(app.databases.owner, async (client) => {
    await client.query('BEGIN');
    await markDeleted(client, 'tenant_demo', 30);
    const activating = leopard('tenants', 'activate', 'demo');
    await expect
      .poll(() => sql('SELECT FROM pg_locks WHERE NOT granted AND pid <> pg_backend_pid()'), {
        timeout: 30_000,
      })
      .toHaveLength(1);
    await client.query('COMMIT');
    expect((await activating).stderr).toMatch(/^demo is deleted/);
  });
  expect(await sql(`SELECT is_active FROM public.tenants_tenant WHERE schema_name = 'tenant_demo'`)).toEqual([
    { is_active: false },
  ]);
  await leopard('tenants', 'undelete', 'demo');
});

it('one that was switched off before is switched off when it is back', async () => {
  await sql(`UPDATE public.tenants_tenant SET is_active = false WHERE schema_name = 'tenant_demo'`);
  await leopard('tenants', 'delete', 'demo', '--force', '--no-export');
  await leopard('tenants', 'undelete', 'demo');
  expect(JSON.parse((await leopard('tenants', 'show', 'demo', '--json')).stdout)).toMatchObject({
    ...{ is_active: false, deleted_at: null, operations: [], last_activity: null },
  });
});

it('what hangs is reported by doctor: a deleted tenant whose time is over, operations that nobody works on', async () => {
  const found = async () => {
    const { stdout } = await leopard('doctor', '--json');
    const { checks } = JSON.parse(stdout) as { checks: { check: string; status: string; text: string }[] };
    return ['operations', 'deleted tenants'].map((name) => checks.find(({ check }) => check === name)!);
  };
  await leopard('tenants', 'delete', 'demo', '--force', '--no-export');
  expect((await found()).map(({ status }) => status)).toEqual(['ok', 'ok']);
  await sql(`UPDATE public.tenant_deletion SET purge_at = now() - interval '3 hours'`);
  await sql(`INSERT INTO public.tenant_operation (kind, schema_names, parameters, state, step, error, held_on, held_by_pid, held_until)
    VALUES ('rename', '{tenant_demo,tenant_other}', '{}', 'FAILED', 'switch', 'no room', NULL, NULL, NULL),
      ('clone', '{tenant_main,tenant_two}', '{}', 'RUNNING', 'load', NULL, 'elsewhere', 1, now() - interval '1 minute'),
      ('move', '{tenant_main}', '{}', 'RUNNING', 'copy', NULL, 'elsewhere', 1, now() + interval '20 seconds')`);
  const [operations, deleted] = await found();
  expect(operations).toMatchObject({ status: 'warning' });
  expect(operations!.text).toMatch(
    /rename of demo, since \d{4}-\S+: failed at step switch, last seen \S+ \(no room\); carry it on: .*tenants resume demo/,
  );
  expect(operations!.text).toMatch(
    /clone of main, since \S+: its process is gone at step load, .* carry it on: .*tenants resume main/,
  );
  expect(operations!.text).toMatch(/move of main, since \S+: a process works on it at step copy/);
  expect(deleted).toMatchObject({ status: 'warning' });
  expect(deleted!.text).toMatch(
    /^demo was to be removed at \d{4}-\S+Z, and is still there: .*tenants delete demo --now; /,
  );
  await sql('DELETE FROM public.tenant_operation WHERE finished_at IS NULL');
  await sql(`UPDATE public.tenant_deletion SET purge_at = now() + interval '30 days'`);
});

it('the job removes it when its time is over, and the final export restores it', async () => {
  const { app: program, owner } = app.databases;
  const handle = { kind: 'server', app: program, owner } as Parameters<typeof deletedTenantsJob>[1];
  const [job] = deletedTenantsJob(app.config.mediaDirectory, handle);
  const run = (moment: string | null, dryRun = false) =>
    job!.run({
      ...{ schema: null, everywhere: false, dryRun, moment, signal: new AbortController().signal },
      ...{ database: app.database, settings: app.config },
    });
  expect(await run(null)).toMatchObject({ done: 0 });
  const later = new Date(Date.now() + 31 * 86_400_000).toISOString();
  expect(await run(later, true)).toMatchObject({ done: 1 });
  expect(await run(later)).toMatchObject({ done: 1, failures: [] });
  expect(await sql(`SELECT FROM pg_namespace WHERE nspname = 'tenant_demo'`)).toEqual([]);
  expect(
    await sql(
      `SELECT FROM public.tenant_operation WHERE 'tenant_demo' = ANY (schema_names) AND kind <> 'purge'`,
    ),
  ).toEqual([]);
  expect(await orphans(owner, app.config.mediaDirectory)).toEqual([]);
  await expect.poll(() => status('demo.localhost')).toBe(404);
  expect(await leopard('restore', file, '--schema', 'demo')).toMatchObject({ exitCode: 0 });
  // As it was before it was deleted, when the export was written.
  await expect.poll(() => status('demo.localhost')).toBe(200);
});

it('tables are dropped with a bounded number of locks at a time', async () => {
  await leopard('tenants', 'create', '--tenant', 'many', '--name', 'Many');
  let transactions = 0;
  await withOwner(app.databases.owner, async (client) => {
    const query = client.query.bind(client);
    const most: number[] = [];
    Object.assign(client, {
      query: async (...args: Parameters<typeof client.query>) => {
        const result = await (query as (...given: unknown[]) => Promise<unknown>)(...args);
        if (String(args[0]).startsWith('DROP TABLE')) {
          const { rows } = await query(
            'SELECT count(*)::integer AS held FROM pg_locks WHERE pid = pg_backend_pid()',
          );
          most.push(rows[0].held);
        }
        return result;
      },
    });
    await dropTables(client, 'tenant_many');
    transactions = most.length;
    expect(Math.max(...most)).toBeLessThan(400);
  });
  expect(transactions).toBeGreaterThan(5);
});
