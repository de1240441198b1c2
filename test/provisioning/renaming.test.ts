import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { withOwner } from '../../src/database/owner.js';
import { sql as statement } from '../../src/database/sql.js';
import { startTestApp, type TestApp } from '../helpers/app.js';
import { runCommand, settingsFor } from '../helpers/cli.js';
import { seedStaff } from '../helpers/staff.js';
import { orphans, tenantSums } from '../helpers/tenant-sums.js';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
  await seedStaff(app);
});
afterAll(() => app.close());

const settings = () => settingsFor(app.databases, app.config.dataDirectory);
const leopard = (...args: string[]) => runCommand(settings(), args);
const sql = async <T extends object>(text: string) =>
  (await withOwner(app.databases.owner, (client) => client.query<T>(text))).rows;
/** Adds a client with the tenant's own rights. */
const addClient = (schema: string) =>
  app.database.tenantQuery(
    { schema, userId: null },
    statement`INSERT INTO immigration_client (first_name) VALUES ('Ada')`,
  );
const picture = (schema: string) => join(app.config.mediaDirectory, schema, 'profile-pictures', 'a.png');

it('a renamed tenant has everything under its new name, and its old domains, tokens and work go on', async () => {
  const token = await app.logIn('admin');
  const others = await tenantSums(app.databases.owner, ['tenant_main']);
  await mkdir(dirname(picture('tenant_main')), { recursive: true });
  await writeFile(picture('tenant_main'), 'picture');
  await addClient('tenant_main');
  await sql(`INSERT INTO public.event_queue (schema_name, event_id, event_type, entity_type, entity_id)
    SELECT 'tenant_main', n, 'Client.CREATE', 'Client', n FROM generate_series(1001, 1003) n`);
  await sql(`INSERT INTO tenant_main.immigration_event (event_type, entity_type, entity_id, action, tenant_schema)
    VALUES ('Client.CREATE', 'Client', 1, 'CREATE', 'tenant_main')`);
  const queued = await sql('SELECT event_id FROM public.event_queue ORDER BY 1');
  expect(queued.length).toBeGreaterThan(0);

  const { exitCode, stdout, stderr } = await leopard('tenants', 'rename', 'main', 'zenith');
  expect([exitCode, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^tenant main is zenith now/);
  expect(await orphans(app.databases.owner, app.config.mediaDirectory)).toEqual([]);
  expect(await tenantSums(app.databases.owner, ['tenant_zenith'])).toEqual(others);
  expect(
    await sql(`SELECT event_id FROM public.event_queue WHERE schema_name = 'tenant_zenith' ORDER BY 1`),
  ).toEqual(queued);
  expect(
    await sql(`SELECT FROM tenant_zenith.immigration_event WHERE tenant_schema <> 'tenant_zenith'`),
  ).toEqual([]);

  // The token names the old name, and so does the host.
  const ask = (host: string, given = token) => app.ask('GET', '/api/v1/agents/', { token: given, host });
  for (const host of ['main.localhost', 'zenith-immigrate.localhost', 'zenith.localhost'])
    await expect.poll(async () => (await ask(host)).status).toBe(200);
  const fresh = await app.logIn('admin', 'zenith');
  expect((await ask('zenith.localhost', fresh)).status).toBe(200);
  await addClient('tenant_zenith');
  expect(await sql(`SELECT FROM public.event_queue WHERE schema_name = 'tenant_zenith'`)).toHaveLength(
    queued.length,
  );
  const { stdout: shown } = await leopard('tenants', 'show', 'zenith', '--json');
  expect(JSON.parse(shown).domains[0]).toEqual({ domain: 'zenith-immigrate.localhost', is_primary: true });
  expect((await leopard('migrate')).stdout).toMatch(/up to date|nothing/i);
});

it('a token of another tenant that has the old name now is not taken for one of the renamed', async () => {
  await leopard(
    'tenants',
    'create',
    '--tenant',
    'main',
    '--name',
    'Second of the name',
    '--domain',
    'second.localhost',
  );
  const { rows } = await withOwner(app.databases.owner, (client) =>
    client.query<{ former: { until: number }[] }>(
      `SELECT former_names AS former FROM public.tenants_tenant WHERE schema_name = 'tenant_zenith'`,
    ),
  );
  const { nameSince, wasNamed } = await import('../../src/tenancy/former-names.js');
  const former = rows[0]!.former as never;
  const { until } = rows[0]!.former[0]!;
  expect([wasNamed(former, 'main', until - 1), wasNamed(former, 'main', until), nameSince(former)]).toEqual([
    true,
    false,
    until,
  ]);
  expect(wasNamed(former, 'other', until - 1)).toBe(false);
});

it.each([
  [['zenith', 'demo'], /there is a tenant with the schema "tenant_demo" already/],
  [['zenith', 'zenith'], /zenith has this name already/],
  [['zenith', 'No Name'], /cannot be a tenant's name/],
  [['zenith', 'tenant_x'], /without tenant_/],
  [['nobody', 'other'], /there is no tenant with the schema tenant_nobody/],
])('renaming %j is refused and changes nothing', async (args, message) => {
  const before = await tenantSums(app.databases.owner);
  const { exitCode, stderr } = await leopard('tenants', 'rename', ...args);
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(message);
  expect(await tenantSums(app.databases.owner)).toEqual(before);
});
