import { afterAll, beforeAll, expect, it } from 'vitest';
import { type EmptyDatabase, emptyDatabase } from '../../test/helpers/empty-database.js';
import { verifyPassword } from '../auth/passwords.js';
import { Database } from '../database/database.js';
import { statement } from '../database/statement.js';
import { PlainError } from '../platform/plain-error.js';
import { seedContract } from './contract.js';

let database: EmptyDatabase;
let connections: Database;
let took: number;
let startedAt: number;

beforeAll(async () => {
  database = await emptyDatabase();
  startedAt = Date.now();
  await seedContract(database.handle);
  took = Date.now() - startedAt;
  connections = new Database(database.app, { size: 1 });
});

afterAll(async () => {
  await connections?.close();
  await database?.drop();
});

type Row = Record<string, unknown>;

const rows = (sql: string, schema = 'tenant_main') =>
  connections.tenantQuery<Row>({ schema, userId: null }, statement(sql));

const count = async (table: string, schema?: string) => {
  const [row] = await rows(`SELECT count(*) AS n FROM ${table}`, schema);
  return row?.n;
};

it('loads within 30 seconds', () => {
  expect(took).toBeLessThan(30_000);
});

it('makes the two tenants with one domain each', async () => {
  const tenants = await connections.publicQuery<Row>(
    statement(`SELECT t.id, schema_name, name, is_active, subscription_status, domain, is_primary
      FROM public.tenants_tenant t JOIN public.tenants_domain d ON d.tenant_id = t.id ORDER BY t.id`),
  );
  const tenant = { is_active: true, subscription_status: 'ACTIVE', is_primary: true };
  expect(tenants).toEqual([
    { ...tenant, id: 1, schema_name: 'tenant_main', name: 'Tenant main', domain: 'main.localhost' },
    { ...tenant, id: 2, schema_name: 'tenant_demo', name: 'Tenant demo', domain: 'demo.localhost' },
  ]);
});

it.each([
  ['immigration_region', 2],
  ['immigration_branch', 4],
  ['immigration_user', 13],
  ['immigration_user_groups', 13],
  ['immigration_user_branches', 13],
  ['immigration_user_regions', 0],
  ['immigration_user_user_permissions', 0],
  ['immigration_visacategory', 5],
  ['immigration_agent', 20],
  ['immigration_client', 10_000],
  ['immigration_task', 10_000],
  ['immigration_notification', 10_000],
  ['client_search', 10_000],
  ['immigration_event', 0],
  ['immigration_note', 0],
  ['immigration_clientactivity', 0],
])('gives main as many rows of %s as the fixture: %i', async (table, expected) => {
  expect(await count(table)).toBe(expected);
});

it('gives demo regions, branches and the admin, and nothing else', async () => {
  expect(await count('immigration_region', 'tenant_demo')).toBe(2);
  expect(await count('immigration_branch', 'tenant_demo')).toBe(4);
  expect(await count('immigration_client', 'tenant_demo')).toBe(0);
  const users = await rows(
    `SELECT u.id, username, is_superuser, g.name AS "group" FROM immigration_user u
     JOIN immigration_user_groups ug ON ug.user_id = u.id JOIN auth_group g ON g.id = ug.group_id`,
    'tenant_demo',
  );
  expect(users).toEqual([{ id: 1, username: 'admin', is_superuser: true, group: 'SUPER_ADMIN' }]);
});

it.each([
  [9, { gender: 'MALE', country: 'NP', stage: 'FOLLOW_UP', active: true, dob: '1989-10-10' }],
  [9997, { gender: 'FEMALE', country: 'AU', stage: 'FOLLOW_UP', active: true, dob: '2002-02-02' }],
  [9999, { gender: 'MALE', country: 'IN', stage: 'CLOSE', active: true, dob: '2004-04-04' }],
])('deals client %i as the fixture does', async (i, dealt) => {
  const [client] = await rows(`SELECT * FROM immigration_client WHERE id = ${i + 1}`);
  expect(client).toMatchObject({
    ...dealt,
    first_name: `Given${i}`,
    middle_name: '',
    last_name: `Family${i}`,
    phone_number: `04${String(i).padStart(8, '0')}`,
    email: `client${i}@example.com`,
    street: `${i} High St`,
    description: `Seeded client ${i}`,
    visa_category_id: (i % 5) + 1,
    agent_id: (i % 20) + 1,
    branch_id: (i % 4) + 1,
    assigned_to_id: (i % 12) + 2,
    created_by_id: 1,
    updated_by_id: 1,
    deleted_at: null,
  });
});

it('gives users their groups, branches and password', async () => {
  const users = await rows(
    `SELECT u.id, username, email, is_staff, g.name AS "group", branch_id, password FROM immigration_user u
     JOIN immigration_user_groups ug ON ug.user_id = u.id JOIN auth_group g ON g.id = ug.group_id
     JOIN immigration_user_branches ub ON ub.user_id = u.id ORDER BY u.id`,
  );
  expect(users[0]).toMatchObject({
    id: 1,
    username: 'admin',
    is_staff: true,
    group: 'SUPER_ADMIN',
    branch_id: 1,
  });
  expect(users[4]).toMatchObject({ id: 5, username: 'user3', group: 'BRANCH_ADMIN', branch_id: 4 });
  expect(users[5]).toMatchObject({ id: 6, username: 'user4', group: 'CONSULTANT', branch_id: 1 });
  expect(users[12]).toMatchObject({
    id: 13,
    username: 'user11',
    email: 'user11@example.com',
    is_staff: false,
  });
  expect(new Set(users.map(({ password }) => password)).size).toBe(13);
  expect(await verifyPassword('Passw0rd!23', String(users[12]?.password))).toBe(true);
});

it('counts due dates and times from the loading', async () => {
  const [task] = await rows(`SELECT * FROM immigration_task WHERE id = 2503`);
  expect(task).toMatchObject({
    title: 'Task 2502',
    priority: 'HIGH',
    status: 'PENDING',
    assigned_to_id: 8,
    assigned_by_id: 1,
    tags: [],
    comments: [],
    branch_id: null,
    content_type_id: null,
    object_id: null,
    completed_at: null,
  });
  const hours = (Date.parse(String(task?.due_date)) - startedAt) / 3_600_000;
  expect(hours).toBeGreaterThanOrEqual(2);
  expect(hours).toBeLessThan(2 + took / 3_600_000);
  const [newest] = await rows('SELECT id FROM immigration_client ORDER BY created_at DESC LIMIT 1');
  expect(newest).toEqual({ id: 10_000 });
});

it('leaves some notifications read, without a time', async () => {
  const [row] = await rows(
    `SELECT count(*) FILTER (WHERE read) AS read, count(read_at) AS at,
            count(*) FILTER (WHERE assigned_to_id = 1) AS admins FROM immigration_notification`,
  );
  expect(row).toEqual({ read: 3334, at: 0, admins: 5000 });
});

it('keeps the count of clients true', async () => {
  const counted = await rows(
    `SELECT branch_id, stage, active, deleted, sum(n)::integer AS n FROM immigration_client_count
     GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4`,
  );
  const real = await rows(
    `SELECT branch_id, stage, active, deleted_at IS NOT NULL AS deleted, count(*)::integer AS n
     FROM immigration_client GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4`,
  );
  expect(counted).toEqual(real);
});

it('gives the planner statistics of every table that became large', async () => {
  const without = await rows(
    `SELECT relname FROM pg_class WHERE relnamespace = 'tenant_main'::regnamespace AND relkind = 'r'
       AND reltuples < 0 AND pg_relation_size(oid) > 100 * 8192`,
  );
  expect(without).toEqual([]);
});

it('gives the next client the next id', async () => {
  const [client] = await rows(`INSERT INTO immigration_client (first_name) VALUES ('Next') RETURNING id`);
  expect(client).toEqual({ id: 10_001 });
});

it('refuses a database with tenants', async () => {
  const again = seedContract(database.handle);
  await expect(again).rejects.toThrow(PlainError);
  await expect(again).rejects.toThrow('has tenants already');
});
