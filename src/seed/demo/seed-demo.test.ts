import { afterAll, beforeAll, expect, it } from 'vitest';
import { type EmptyDatabase, emptyDatabase } from '../../../test/helpers/empty-database.js';
import { verifyPassword } from '../../auth/passwords.js';
import { Database } from '../../database/database.js';
import { withOwner } from '../../database/owner.js';
import { statement } from '../../database/statement.js';
import { PlainError } from '../../platform/plain-error.js';
import { createTenantSchema } from '../../provisioning/tenant-schema.js';
import { DEMO_LOGINS } from '../demo-logins.js';
import { clearTenantData, demoSeedPending, seedDemo, seedTenantDemo } from './seed-demo.js';

const NOW = Date.UTC(2026, 2, 11, 5);

let database: EmptyDatabase;
let connections: Database;
let pendingBefore: boolean;

beforeAll(async () => {
  database = await emptyDatabase();
  pendingBefore = await demoSeedPending(database.handle);
  await seedDemo(database.handle, { now: NOW });
  connections = new Database(database.app, { size: 1 });
});

afterAll(async () => {
  await connections?.close();
  await database?.drop();
});

type Row = Record<string, unknown>;

const rows = (schema: string, sql: string) =>
  connections.tenantQuery<Row>({ schema, userId: null }, statement(sql));

const one = async (schema: string, sql: string) => (await rows(schema, sql))[0];

const CLIENTS = 'SELECT first_name, last_name, email, stage, created_at FROM immigration_client ORDER BY id';

it('is pending in a database without tenants only', async () => {
  expect(pendingBefore).toBe(true);
  expect(await demoSeedPending(database.handle)).toBe(false);
});

it('gives each agency its two domains and its own time zone', async () => {
  const domains = await connections.publicQuery<Row>(
    statement(`SELECT schema_name, domain, is_primary, subscription_status, settings
      FROM public.tenants_tenant t JOIN public.tenants_domain d ON d.tenant_id = t.id ORDER BY d.id`),
  );
  const main = {
    schema_name: 'tenant_main',
    subscription_status: 'ACTIVE',
    settings: { time_zone: 'Australia/Sydney' },
  };
  const demo = {
    schema_name: 'tenant_demo',
    subscription_status: 'ACTIVE',
    settings: { time_zone: 'Asia/Kathmandu' },
  };
  expect(domains).toEqual([
    { ...main, domain: 'main.localhost', is_primary: true },
    { ...main, domain: 'main-immigrate.localhost', is_primary: false },
    { ...demo, domain: 'demo.localhost', is_primary: true },
    { ...demo, domain: 'demo-immigrate.localhost', is_primary: false },
  ]);
});

it.each([
  ['tenant_main', 300],
  ['tenant_demo', 200],
])('fills %s with %i clients of all stages, branches and roles', async (schema, clients) => {
  const found = await one(
    schema,
    `SELECT count(*) AS clients, count(DISTINCT stage) AS stages, count(DISTINCT branch_id) AS branches,
            count(DISTINCT email) AS addresses, count(deleted_at) > 0 AS archived,
            count(*) FILTER (WHERE assigned_to_id IS NULL) > 0 AS unassigned,
            count(*) FILTER (WHERE first_name ~ '[^[:ascii:]]') > 3 AS "beyondAscii",
            (SELECT count(*) FROM immigration_region) AS regions, (SELECT count(*) FROM immigration_user) AS users,
            (SELECT count(DISTINCT group_id) FROM immigration_user_groups) AS roles,
            (SELECT sum(n)::integer FROM immigration_client_count) AS counted,
            (SELECT count(*) FROM immigration_event) AS events
     FROM immigration_client`,
  );
  expect(found).toEqual({
    clients,
    stages: 4,
    branches: 4,
    addresses: clients,
    archived: true,
    unassigned: true,
    beyondAscii: true,
    regions: 2,
    users: 14,
    roles: 4,
    counted: clients,
    events: 0,
  });
});

it.each(['tenant_main', 'tenant_demo'])('tells stories without contradictions in %s', async (schema) => {
  const found = await one(
    schema,
    `SELECT
       (SELECT count(*) FROM immigration_client c JOIN immigration_user_branches ub ON ub.user_id = c.assigned_to_id
        WHERE ub.branch_id <> c.branch_id) AS "assignedElsewhere",
       (SELECT count(*) FROM immigration_clientactivity a JOIN immigration_client c ON c.id = a.client_id
        WHERE a.created_at < c.created_at) AS "beforeTheyCame",
       (SELECT count(*) FROM immigration_client c WHERE stage <> coalesce((
          SELECT metadata ->> 'stage' FROM immigration_clientactivity a
          WHERE a.client_id = c.id AND activity_type = 'STAGE_CHANGED' ORDER BY a.id DESC LIMIT 1), 'LEAD')) AS "otherStage",
       (SELECT count(*) FROM immigration_note n WHERE NOT EXISTS (
          SELECT FROM immigration_clientactivity a
          WHERE a.client_id = n.client_id AND a.created_at = n.created_at AND activity_type = 'NOTE_ADDED')) AS "silentNotes",
       (SELECT count(*) FROM immigration_visaapplication
        WHERE date_opened < date_applied OR final_date < date_opened
           OR (status = 'GRANTED') <> (date_granted IS NOT NULL)) AS "oddVisas",
       (SELECT count(*) FROM immigration_collegeapplication a
          JOIN immigration_stage s ON s.id = a.stage_id JOIN immigration_course c ON c.id = a.course_id
          JOIN immigration_institute_location l ON l.id = a.location_id
          JOIN immigration_institute_intake i ON i.id = a.start_date_id
        WHERE s.application_type_id <> a.application_type_id OR c.institute_id <> a.institute_id
           OR l.institute_id <> a.institute_id OR i.institute_id <> a.institute_id) AS "oddColleges",
       (SELECT count(*) FROM immigration_task WHERE due_date < created_at OR (status = 'COMPLETED') <> (completed_at IS NOT NULL)) AS "oddTasks"`,
  );
  expect(found).toEqual({
    assignedElsewhere: 0,
    beforeTheyCame: 0,
    otherStage: 0,
    silentNotes: 0,
    oddVisas: 0,
    oddColleges: 0,
    oddTasks: 0,
  });
});

it.each(['tenant_main', 'tenant_demo'])(
  'puts nothing of %s in the future that has happened',
  async (schema) => {
    const latest = new Date(NOW).toISOString();
    const found = await one(
      schema,
      `SELECT greatest(
       (SELECT max(greatest(created_at, updated_at, deleted_at)) FROM immigration_client),
       (SELECT max(created_at) FROM immigration_clientactivity), (SELECT max(created_at) FROM immigration_note),
       (SELECT max(greatest(created_at, completed_at)) FROM immigration_task),
       (SELECT max(created_at) FROM immigration_notification), (SELECT max(created_at) FROM immigration_visaapplication),
       (SELECT max(final_date) FROM immigration_visaapplication), (SELECT max(date_joined) FROM immigration_user)
     ) <= '${latest}' AS past,
     (SELECT min(created_at) FROM immigration_client) > timestamptz '${latest}' - interval '19 months' AS recent`,
    );
    expect(found).toEqual({ past: true, recent: true });
  },
);

it('lets everybody log in who is told about', async () => {
  for (const { schema, username, email, password, role } of DEMO_LOGINS) {
    const user = await one(
      schema,
      `SELECT email, password, is_superuser, g.name AS role FROM immigration_user u
       JOIN immigration_user_groups ug ON ug.user_id = u.id JOIN auth_group g ON g.id = ug.group_id
       WHERE username = '${username}'`,
    );
    expect(user, username).toMatchObject({ email, role, is_superuser: role === 'SUPER_ADMIN' });
    expect(await verifyPassword(password, String(user?.password)), username).toBe(true);
  }
});

it.each(['tenant_main', 'tenant_demo'])(
  'gives the admin of %s something to do and to read',
  async (schema) => {
    const admin = `(SELECT id FROM immigration_user WHERE is_superuser)`;
    const latest = `timestamptz '${new Date(NOW).toISOString()}'`;
    const found = await one(
      schema,
      `SELECT count(*) >= 3 AS tasks, bool_or(due_date < ${latest}) AS overdue,
       bool_or(due_date BETWEEN ${latest} AND ${latest} + interval '4 days') AS "dueSoon",
       (SELECT count(*) FILTER (WHERE NOT read) >= 2 FROM immigration_notification WHERE assigned_to_id = ${admin}) AS unread,
       (SELECT count(*) >= 3 FROM immigration_reminder
        WHERE created_by_id = ${admin} AND NOT is_completed AND reminder_date >= (${latest})::date) AS reminders
     FROM immigration_task WHERE assigned_to_id = ${admin} AND status IN ('PENDING', 'IN_PROGRESS')`,
    );
    expect(found).toEqual({ tasks: true, overdue: true, dueSoon: true, unread: true, reminders: true });
  },
);

it('shows different people in the two agencies', async () => {
  const [main, demo] = [await rows('tenant_main', CLIENTS), await rows('tenant_demo', CLIENTS)];
  expect(demo).not.toEqual(main.slice(0, demo.length));
});

it('refuses tenants that are there or have data', async () => {
  await expect(seedDemo(database.handle)).rejects.toThrow(PlainError);
  await expect(seedTenantDemo(database.handle, 'tenant_main')).rejects.toThrow('has data of its own');
  await expect(seedTenantDemo(database.handle, 'tenant_absent')).rejects.toThrow('there is no tenant');
  await expect(clearTenantData(database.handle, 'tenant_absent')).rejects.toThrow('there is no tenant');
});

it('clears a tenant and fills it with the same data again, under new ids', async () => {
  const before = await rows('tenant_demo', CLIENTS);
  await clearTenantData(database.handle, 'tenant_demo');
  const empty = await one(
    'tenant_demo',
    `SELECT (SELECT count(*) FROM immigration_client) AS clients, (SELECT count(*) FROM immigration_user) AS users,
            (SELECT count(*) FROM immigration_client_count) AS counted, (SELECT count(*) FROM auth_group) AS groups,
            (SELECT count(*) > 0 FROM auth_group_permissions) AS grants`,
  );
  expect(empty).toEqual({ clients: 0, users: 0, counted: 0, groups: 4, grants: true });
  const logins = await seedTenantDemo(database.handle, 'tenant_demo', { now: NOW });
  expect(logins).toEqual(DEMO_LOGINS.filter(({ schema }) => schema === 'tenant_demo'));
  expect(await rows('tenant_demo', CLIENTS)).toEqual(before);
  expect(await one('tenant_demo', 'SELECT min(id) AS id FROM immigration_client')).toEqual({ id: 201 });
});

it('gives other tenants random passwords and clients of their own', async () => {
  await createTenantSchema(database.owner, database.app.user, {
    schema: 'tenant_third_one',
    name: 'Third',
    domains: [{ domain: 'third.localhost', isPrimary: true }],
  });
  const [admin, ...others] = await seedTenantDemo(database.handle, 'tenant_third_one', { now: NOW });
  expect(admin).toMatchObject({ role: 'SUPER_ADMIN', username: 'admin@third-one.com' });
  const known = new Set(DEMO_LOGINS.map(({ password }) => password));
  for (const { password } of [admin!, ...others]) expect(known).not.toContain(password);
  const user = await one('tenant_third_one', `SELECT password FROM immigration_user WHERE is_superuser`);
  expect(await verifyPassword(admin!.password, String(user?.password))).toBe(true);
  expect(await rows('tenant_third_one', CLIENTS)).not.toEqual(await rows('tenant_main', CLIENTS));
});

it('does again what was interrupted half-way', async () => {
  const main = await rows('tenant_main', CLIENTS);
  const demo = await rows('tenant_demo', 'SELECT id FROM immigration_client ORDER BY id');
  await withOwner(database.owner, (client) =>
    client.query(
      `UPDATE public.tenants_tenant SET settings = settings || '{"demo_data": "loading"}' WHERE schema_name = 'tenant_main'`,
    ),
  );
  expect(await demoSeedPending(database.handle)).toBe(true);
  await seedDemo(database.handle, { now: NOW });
  expect(await demoSeedPending(database.handle)).toBe(false);
  expect(await rows('tenant_main', CLIENTS)).toEqual(main);
  expect(await rows('tenant_demo', 'SELECT id FROM immigration_client ORDER BY id')).toEqual(demo);
});
