import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { withOwner } from '../../src/database/owner.js';
import { sql as template } from '../../src/database/sql.js';
import { claimDeliveries, type DeliveryKind } from '../../src/deliveries/delivery-queue.js';
import { readPauses, readReadyTenants } from '../../src/events/worker/ready-tenants.js';
import { tenantsWithImports } from '../../src/immigration/client-imports/import-queue.js';
import { dueJob } from '../../src/jobs/due-job.js';
import { tenantsOf } from '../../src/jobs/over-tenants.js';
import { usableTenants } from '../../src/live/rights.js';
import { DatabaseMetrics } from '../../src/metrics/database-metrics.js';
import { PACKAGE_ROOT } from '../../src/platform/package-root.js';
import { createTenantSchema } from '../../src/provisioning/tenant-schema.js';
import { startTestApp, type TestApp } from '../helpers/app.js';

const SCHEMA = 'tenant_served';
const DOMAIN = 'served.localhost';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({
    environment: { LOG_LEVEL: 'fatal' },
    async prepare({ owner, app: { user } }) {
      const domains = [{ domain: DOMAIN, isPrimary: true }];
      await createTenantSchema(owner, user, { schema: SCHEMA, name: 'Served', domains });
    },
  });
  // Work of every kind is waiting.
  await sql(`
    INSERT INTO public.event_queue (schema_name, event_id, event_type, entity_type, entity_id)
      VALUES ('${SCHEMA}', 1, 'Client.CREATE', 'Client', 1);
    INSERT INTO public.delivery_queue (schema_name, delivery_id, destination, due_at)
      VALUES ('${SCHEMA}', 1, 'endpoint 1', now()), ('${SCHEMA}', 2, 'mail', now());
    INSERT INTO public.client_import_queue (schema_name, import_id, due_at) VALUES ('${SCHEMA}', 1, now());
    CREATE TABLE public.kept AS SELECT * FROM public.migration_ledger WHERE scope = '${SCHEMA}'`);
});
afterEach(() =>
  sql(`
    UPDATE public.tenants_tenant SET is_active = true, subscription_status = 'TRIAL', cell = NULL WHERE schema_name = '${SCHEMA}';
    UPDATE public.immigration_event_processing_control SET is_paused = false;
    DELETE FROM public.event_pause;
    INSERT INTO public.migration_ledger SELECT * FROM public.kept ON CONFLICT DO NOTHING;
    DO $$ BEGIN ALTER SCHEMA elsewhere RENAME TO ${SCHEMA}; EXCEPTION WHEN invalid_schema_name THEN NULL; END $$`),
);
afterAll(async () => {
  await sql(`DROP SCHEMA IF EXISTS ${SCHEMA} CASCADE; DROP ROLE IF EXISTS ${SCHEMA}`);
  await app.close();
});

const RUN = { signal: new AbortController().signal, everywhere: true, moment: null, dryRun: false };
const sql = (text: string) => withOwner(app.databases.admin, (client) => client.query(text));

/** Claims the tenant's delivery of a kind, and releases it. */
async function isClaimed(kind: DeliveryKind): Promise<boolean> {
  const most = { most: 9, mostPerTenant: 9, mostPerDestination: 9, leaseSeconds: 0 };
  const claims = await claimDeliveries(app.database, {
    ...most,
    kind,
    taken: [],
    running: new Map(),
    after: '',
  });
  return claims.some(({ schema }) => schema === SCHEMA);
}

/** Runs a job that does nothing. @returns whether it reached the tenant */
async function isLookedAt(): Promise<boolean> {
  const job = dueJob({
    name: 'probe',
    summary: '',
    every: 1,
    basis: () => null,
    usableBasis: (basis) => basis,
    doDue: () => template`SELECT 0 AS done`,
    nextDue: () => template`NULL::timestamptz`,
  });
  const run = { database: app.database, settings: app.config, ...RUN, schema: SCHEMA };
  expect((await job.run(run)).failures).toEqual([]);
  const { rowCount } = await sql(
    `DELETE FROM public.job_tenant WHERE job = 'probe' AND schema_name = '${SCHEMA}'`,
  );
  return rowCount === 1;
}

async function isOutOfOrder(): Promise<boolean> {
  const registry = new Registry();
  await new DatabaseMetrics(registry, app.database).refresh();
  const metric = await registry.getSingleMetric('leopard_tenants_out_of_order')?.get();
  return metric?.values.some(({ labels }) => labels.tenant === SCHEMA) ?? false;
}

/** Returns what each part of the program does for the tenant, whose row has this id. */
async function decisions(id: number) {
  const { database } = app;
  const events = (await readReadyTenants(database)).tenants.includes(SCHEMA);
  expect((await readPauses(database, SCHEMA)).served).toBe(events);
  const jobs = await isLookedAt();
  const run = { database, settings: app.config, ...RUN, schema: SCHEMA };
  expect((await tenantsOf(run)).length === 1).toBe(jobs);
  return {
    answer: (await app.ask('GET', '/api/public/tenant-info/', { host: DOMAIN })).status,
    events,
    imports: (await tenantsWithImports(database)).includes(SCHEMA),
    webhooks: await isClaimed('webhook'),
    emails: await isClaimed('email'),
    jobs,
    streams: (await database.publicQuery(usableTenants([id]))).length === 1,
    isOutOfOrder: await isOutOfOrder(),
  };
}

const SERVED = {
  answer: 200,
  events: true,
  imports: true,
  webhooks: true,
  emails: true,
  jobs: true,
  streams: true,
  isOutOfOrder: false,
};
const WAITING = { events: false, imports: false, webhooks: false, emails: false, jobs: false };
const REFUSED = { ...SERVED, ...WAITING, streams: false };

const change = (set: string) => `UPDATE public.tenants_tenant SET ${set} WHERE schema_name = '${SCHEMA}'`;
const PAUSE = 'INSERT INTO public.event_pause (schema_name, handler) VALUES';

test.each([
  ['as it is created', 'SELECT', SERVED],
  ['with a status that is none', change(`subscription_status = 'PAID'`), SERVED],
  ['suspended', change(`subscription_status = 'SUSPENDED'`), { ...REFUSED, answer: 403 }],
  ['cancelled', change(`subscription_status = 'CANCELLED'`), { ...REFUSED, answer: 403 }],
  ['switched off', change('is_active = false'), { ...REFUSED, answer: 403 }],
  [
    'with pending migrations',
    `DELETE FROM public.migration_ledger WHERE scope = '${SCHEMA}' AND number > 1`,
    { ...SERVED, ...WAITING, answer: 503, isOutOfOrder: true },
  ],
  [
    'without its schema',
    `ALTER SCHEMA ${SCHEMA} RENAME TO elsewhere; ${change('name = name')}`,
    { ...SERVED, ...WAITING, answer: 503, isOutOfOrder: true },
  ],
  [
    'suspended and without its schema',
    `ALTER SCHEMA ${SCHEMA} RENAME TO elsewhere; ${change('is_active = false')}`,
    { ...REFUSED, answer: 403 },
  ],
  ['of a cell that is not configured', change(`cell = 'eu2'`), { ...SERVED, ...WAITING, answer: 503 }],
  ['paused', `${PAUSE} ('${SCHEMA}', NULL)`, { ...SERVED, events: false, imports: false }],
  [
    'while everything is paused',
    'UPDATE public.immigration_event_processing_control SET is_paused = true',
    { ...SERVED, events: false, imports: false },
  ],
  ['while webhooks are paused', `${PAUSE} (NULL, 'webhook')`, { ...SERVED, webhooks: false }],
  [
    'whose pause is over',
    `INSERT INTO public.event_pause (schema_name, handler, paused_until)
     VALUES ('${SCHEMA}', NULL, now()), (NULL, 'email', now())`,
    SERVED,
  ],
])('all parts agree about a tenant %s', async (_, made, expected) => {
  const { rows } = await sql(`SELECT id::integer FROM public.tenants_tenant WHERE schema_name = '${SCHEMA}'`);
  await sql(made);
  await expect.poll(() => decisions(rows[0]!.id)).toEqual(expected);
});

test('all parts go on with a tenant until its deletion is committed, and then none knows it', async () => {
  const { rows } = await sql(`SELECT id::integer FROM public.tenants_tenant WHERE schema_name = '${SCHEMA}'`);
  const id = rows[0]!.id as number;
  await withOwner(app.databases.admin, async (client) => {
    await client.query('BEGIN');
    await client.query(`DELETE FROM public.tenants_tenant WHERE schema_name = '${SCHEMA}'`);
    // Deliveries are locked until then, as is whatever the tenant's own work would need.
    expect(await decisions(id)).toEqual({ ...SERVED, webhooks: false, emails: false });
    await client.query('COMMIT');
  });
  await expect.poll(() => decisions(id)).toEqual({ ...REFUSED, answer: 404 });
});

test('one file says what an active tenant is', () => {
  const files = readdirSync(join(PACKAGE_ROOT, 'src'), { recursive: true, encoding: 'utf8' });
  const deciding = files
    .filter((name) => name.endsWith('.ts'))
    .filter((name) =>
      /status\s+NOT IN \('SUSPENDED'/.test(readFileSync(join(PACKAGE_ROOT, 'src', name), 'utf8')),
    );
  expect(deciding).toEqual(['database/served-tenants.ts']);
});
