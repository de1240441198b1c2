import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { JOBS } from '../../src/app/jobs.js';
import { bringUpToDate } from '../../src/cli/bring-up-to-date.js';
import type { DatabaseHandle } from '../../src/database/connections.js';
import type { Finding } from '../../src/database/finding.js';
import { withOwner } from '../../src/database/owner.js';
import { DatabaseMetrics } from '../../src/metrics/database-metrics.js';

import { createTenantSchema } from '../../src/provisioning/tenant-schema.js';

import { startTestApp, type TestApp } from '../helpers/app.js';
import { runCommand, settingsFor } from '../helpers/cli.js';

// The roles of tenants belong to the server, and other tests use those of main and demo.
const [TROUBLE, SCHEMA] = ['out_of_order', 'tenant_out_of_order'];

let app: TestApp;
let handle: DatabaseHandle;
beforeAll(async () => {
  app = await startTestApp({
    environment: { LOG_LEVEL: 'fatal' },
    async prepare({ owner, app: { user } }) {
      const domains = [{ domain: `${TROUBLE}.localhost`, isPrimary: true }];
      await createTenantSchema(owner, user, { schema: SCHEMA, name: TROUBLE, domains });
    },
  });
  const { databases } = app;
  handle = {
    kind: 'server',
    app: databases.app,
    owner: databases.owner,
    ended: new Promise(() => undefined),
    close: async () => undefined,
    abandon: () => undefined,
  };
});
afterAll(async () => {
  await sql(`DROP SCHEMA IF EXISTS ${SCHEMA} CASCADE; DROP ROLE IF EXISTS ${SCHEMA}`);
  await app.close();
});

const sql = (text: string) => withOwner(app.databases.admin, (client) => client.query(text));
const leopard = (...args: string[]) => runCommand(settingsFor(app.databases, app.config.dataDirectory), args);
const progress = { say() {}, count() {}, note() {}, done() {}, failed() {} };
const start = (owner = handle.owner) => bringUpToDate({ ...handle, owner }, progress);
const logIn = (host: string) =>
  app.ask('POST', '/api/token/', { host, body: { username: 'x', password: 'y' } });

const MAINTAINED = {
  status: 503,
  body: { detail: 'This account is being maintained. Try again later.' },
  headers: { 'retry-after': '30' },
};

async function findings(): Promise<Map<string, Finding>> {
  const { checks } = JSON.parse((await leopard('doctor', '--json')).stdout) as { checks: Finding[] };
  return new Map(checks.map((finding) => [finding.check, finding]));
}

async function outOfOrder(): Promise<unknown> {
  const registry = new Registry();
  await new DatabaseMetrics(registry, app.database).refresh();
  const metric = await registry.getSingleMetric('leopard_tenants_out_of_order')?.get();
  return metric?.values.map(({ labels, value }) => [labels.tenant, value]);
}

/** Makes every migration fail that is applied to a tenant, whatever it contains. */
const haveMigrationsFail = () =>
  sql(`CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'made to fail'; END $$;
    CREATE TRIGGER refuse BEFORE INSERT ON public.migration_ledger FOR EACH ROW EXECUTE FUNCTION public.refuse()`);
const letMigrationsSucceed = () => sql('DROP FUNCTION public.refuse() CASCADE');

/** Makes the last migration pending. */
const forget = (schema: string) =>
  sql(`DELETE FROM public.migration_ledger WHERE scope = '${schema}' AND number = (
    SELECT max(number) FROM public.migration_ledger WHERE scope = '${schema}')`);

describe('a tenant whose migration fails', () => {
  it('is answered 503 at once, in running processes too; the others are served, and a start goes on', async () => {
    expect((await logIn(TROUBLE)).status).toBe(401);
    expect(await start()).toEqual([]);
    await haveMigrationsFail();
    await forget(SCHEMA);
    await expect.poll(async () => await logIn(TROUBLE)).toMatchObject(MAINTAINED);
    for (const path of ['/api/public/tenant-info/', '/api/v1/clients/'])
      expect(await app.ask('GET', path, { host: TROUBLE })).toMatchObject(MAINTAINED);
    expect((await logIn('main')).status).toBe(401);
    // Applied a second time, the last migration may fail for a reason of its own before it comes to the ledger.
    const remark = new RegExp(
      `^${SCHEMA} is not up to date .*: migration \\d{4}_\\w+ of ${SCHEMA} failed: .+$`,
    );
    expect(await start()).toEqual([expect.stringMatching(remark)]);
    expect(await start(null)).toEqual([
      expect.stringMatching(new RegExp(`^${SCHEMA} is not up to date .* is pending$`)),
    ]);
  });

  it('is named by doctor and by a metric', async () => {
    const finding = (await findings()).get('tenants');
    expect(finding).toMatchObject({ status: 'problem' });
    expect(finding?.text).toContain(`${SCHEMA}: migrations are pending`);
    expect(await outOfOrder()).toEqual([[SCHEMA, 1]]);
  });

  it('has its events, jobs and deliveries wait, and those of others done', async () => {
    await sql(`INSERT INTO public.event_queue (schema_name, event_id, event_type, entity_type, entity_id)
      SELECT schema_name, 1, 'Client.CREATE', 'Client', 1 FROM public.tenants_tenant`);
    await sql(`INSERT INTO public.delivery_queue (schema_name, delivery_id, destination, due_at)
      SELECT schema_name, 1, 'a.example:443', now() FROM public.tenants_tenant`);
    const { readReadyTenants, readPauses } = await import('../../src/events/worker/ready-tenants.js');
    expect((await readReadyTenants(app.database)).tenants).toEqual(['tenant_demo', 'tenant_main']);
    expect((await readPauses(app.database, SCHEMA)).served).toBe(false);
    const { claimDeliveries } = await import('../../src/deliveries/delivery-queue.js');
    const claimed = await claimDeliveries(app.database, {
      kind: 'webhook',
      most: 10,
      mostPerTenant: 10,
      mostPerDestination: 10,
      running: new Map(),
      taken: [],
      after: '',
      leaseSeconds: 1,
    });
    expect(claimed.map(({ schema }) => schema).sort()).toEqual(['tenant_demo', 'tenant_main']);
    await sql('DELETE FROM public.event_queue; DELETE FROM public.delivery_queue');
    const whole = { schema: null, everywhere: true, dryRun: false, moment: null };
    const { signal } = new AbortController();
    for (const job of JOBS) {
      const result = await job.run({ database: app.database, settings: app.config, signal, ...whole });
      expect(result.failures, job.name).toEqual([]);
    }
    expect(await leopard('jobs', 'run', 'tasks', '--tenant', TROUBLE)).toMatchObject({
      exitCode: 1,
      stderr: `${SCHEMA} is not in order: migrations are pending; see: leopard doctor`,
    });
  });

  it('goes on after its migration is skipped, which the ledger keeps', async () => {
    await letMigrationsSucceed();
    const { rows } = await sql(
      `SELECT count(*)::integer + 1 AS next FROM public.migration_ledger WHERE scope = '${SCHEMA}'`,
    );
    const { next } = rows[0] as { next: number };
    expect(await leopard('migrate', '--skip', String(next))).toMatchObject({ exitCode: 2 });
    expect(await leopard('migrate', '--schema', TROUBLE, '--skip', '1')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/^only the next migration of \w+ can be skipped, which is 00/),
    });
    const skipped = await leopard('migrate', '--schema', TROUBLE, '--skip', String(next));
    expect(skipped).toMatchObject({ exitCode: 0, stderr: '' });
    expect(skipped.stdout).toMatch(new RegExp(`^skipped 00${next}_\\w+ of ${SCHEMA}\n`));
    await expect.poll(async () => (await logIn(TROUBLE)).status).toBe(401);
    expect((await leopard('showmigrations')).stdout).toMatch(/\n {2}\[-\] 00\d\d_\w+ {2}\S+, skipped/);
    expect(await start()).toEqual([]);
    expect(await outOfOrder()).toEqual([]);
    expect((await findings()).get('tenants')?.status).toBe('ok');
  });

  it('stops a start where it is every tenant', async () => {
    const { rows } = await sql('SELECT schema_name AS schema FROM public.tenants_tenant');
    const kept = 'CREATE TABLE public.kept AS SELECT * FROM public.migration_ledger';
    await sql(kept);
    await haveMigrationsFail();
    for (const { schema } of rows) await forget(schema);
    await expect(start()).rejects.toThrow(/^no tenant could be migrated, the first is tenant_main: /);
    await expect(start(null)).rejects.toThrow(/^3 migrations are pending/);
    await letMigrationsSucceed();
    await sql('INSERT INTO public.migration_ledger SELECT * FROM public.kept ON CONFLICT DO NOTHING');
    await sql('DROP TABLE public.kept');
  });
});

describe('a tenant whose schema is not in order', () => {
  it('is answered 503 where a table is gone, and is named', async () => {
    await sql(`ALTER TABLE ${SCHEMA}.immigration_user RENAME TO elsewhere`);
    expect(await logIn(TROUBLE)).toMatchObject(MAINTAINED);
    await sql(`ALTER TABLE ${SCHEMA}.elsewhere RENAME TO immigration_user`);
    expect((await logIn(TROUBLE)).status).toBe(401);
    await sql(`ALTER TABLE ${SCHEMA}.immigration_user RENAME email TO mail`);
    expect(await logIn(TROUBLE)).toMatchObject(MAINTAINED);
    await sql(`ALTER TABLE ${SCHEMA}.immigration_user RENAME mail TO email`);
  });

  it('is answered 503 where its role has no right, or is gone', async () => {
    await sql(`REVOKE SELECT ON ${SCHEMA}.immigration_user FROM ${SCHEMA}`);
    expect(await logIn(TROUBLE)).toMatchObject(MAINTAINED);
    await sql(`GRANT SELECT ON ${SCHEMA}.immigration_user TO ${SCHEMA}`);
    expect((await logIn(TROUBLE)).status).toBe(401);
    await sql(`ALTER ROLE ${SCHEMA} RENAME TO ${SCHEMA}_away`);
    expect(await logIn(TROUBLE)).toMatchObject(MAINTAINED);
    expect((await findings()).get('tenants')?.text).toContain(`${SCHEMA}: its role is missing`);
    await sql(`ALTER ROLE ${SCHEMA}_away RENAME TO ${SCHEMA}`);
    expect((await logIn(TROUBLE)).status).toBe(401);
  });

  it('is answered 503 where the schema itself is gone; migrate says so and makes no empty one', async () => {
    await sql(`ALTER SCHEMA ${SCHEMA} RENAME TO elsewhere`);
    expect(await logIn(TROUBLE)).toMatchObject(MAINTAINED);
    expect((await logIn('demo')).status).toBe(401);
    const { exitCode, stderr } = await leopard('migrate');
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`the schema ${SCHEMA} is missing`);
    expect(await start()).toEqual([expect.stringContaining(`the schema ${SCHEMA} is missing`)]);
    expect((await findings()).get('tenants')?.text).toContain(`${SCHEMA}: its schema is missing`);
    expect(await logIn(TROUBLE)).toMatchObject(MAINTAINED);
    await sql(`ALTER SCHEMA elsewhere RENAME TO ${SCHEMA}`);
  });
});
