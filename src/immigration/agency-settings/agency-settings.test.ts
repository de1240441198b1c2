import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../../../test/helpers/app.js';
import { idOf, seedStaff } from '../../../test/helpers/staff.js';
import { withOwner } from '../../database/owner.js';
import { statement } from '../../database/statement.js';

const PATH = '/api/v1/agency-settings/';
let app: TestApp;
let token: string;

beforeAll(async () => {
  app = await startTestApp({
    environment: {
      EMAIL_FROM: 'Platform <no-reply@platform.example>',
      CORS_ALLOWED_ORIGINS: 'https://crm.acme.example',
    },
  });
  await seedStaff(app);
  token = await app.logIn('admin');
});
afterAll(() => app?.close());

const read = async () => (await app.ask('GET', PATH, { token })).body;
const change = (body: unknown) => app.ask('PATCH', PATH, { token, body });
const changed = async (body: unknown) => {
  const answer = await change(body);
  expect(answer.status, answer.raw.toString()).toBe(200);
  return answer.body;
};
const stored = async (schema = 'tenant_main') =>
  await withOwner(app.databases.owner, async (client) => {
    const sql = 'SELECT * FROM public.tenants_tenant WHERE schema_name = $1';
    return (await client.query(sql, [schema])).rows[0];
  });

test('a new agency has what is usual', async () => {
  expect(await read()).toEqual({
    name: 'Tenant main',
    subscription_status: 'ACTIVE',
    max_users: 50,
    domains: expect.arrayContaining(['main.localhost']),
    time_zone: 'UTC',
    contact_email: null,
    contact_phone: null,
    deadline_alerts: { before: [1, 7, 14, 30, 90], after: [1, 7] },
    email: { enabled: false, from: null, notifications: [] },
    sessions: { lifetime_hours: null, idle_minutes: null },
    second_factor: { policy: 'optional', groups: [] },
    front_end: null,
    branding: {
      display_name: 'Tenant main',
      logo_url: null,
      primary_color: null,
      website: null,
      support_email: null,
      support_phone: null,
      address: null,
    },
  });
});

test('what is given changes, all else stays, also what operators have set besides', async () => {
  await withOwner(app.databases.owner, (client) =>
    client.query(`UPDATE public.tenants_tenant SET settings = settings || '{"of_operators": [1]}'
                  WHERE schema_name = 'tenant_main'`),
  );
  await changed({ deadline_alerts: { before: [30, 7, 30], after: [] } });
  await changed({ email: { enabled: true, notifications: ['TASK_OVERDUE', 'CLIENT_ASSIGNED'] } });
  await changed({
    branding: { display_name: 'Acme', primary_color: 'ABCDEF', website: 'https://acme.example' },
  });
  await changed({ deadline_alerts: { after: [3] }, email: { from: 'Acme <crm@main.localhost>' } });
  await changed({ contact_email: 'office@acme.example', contact_phone: '+61 2 5550 1000' });
  const last = await changed({ branding: { website: null, support_email: 'help@acme.example' } });
  expect(last).toMatchObject({
    contact_email: 'office@acme.example',
    contact_phone: '+61 2 5550 1000',
    deadline_alerts: { before: [7, 30], after: [3] },
    email: {
      enabled: true,
      from: 'Acme <crm@main.localhost>',
      notifications: ['CLIENT_ASSIGNED', 'TASK_OVERDUE'],
    },
    branding: {
      display_name: 'Acme',
      primary_color: '#ABCDEF',
      website: null,
      support_email: 'help@acme.example',
    },
  });
  expect(await read()).toEqual(last);
  expect((await stored()).settings).toMatchObject({
    of_operators: [1],
    deadline_alert_days: { before: [7, 30], after: [3] },
    email: { enabled: true, from: 'Acme <crm@main.localhost>' },
  });
  expect((await stored('tenant_demo')).settings).toEqual({});
});

test('the time zone counts at once in the process that changed it, and soon in every other', async () => {
  const other = await startTestApp({ sharing: app });
  const client = { first_name: 'A', last_name: 'B', gender: 'OTHER', country: 'NP', branch_id: 1 };
  const { body } = await app.ask('POST', '/api/v1/clients/', { token, body: client });
  const inAMonth = new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10);
  const passport = {
    client_id: body.id,
    passport_no: 'X1',
    passport_country: 'NP',
    country_of_birth: 'NP',
    nationality: 'NP',
    date_of_expiry: inAMonth,
  };
  expect((await app.ask('POST', '/api/v1/passports/', { token, body: passport })).status).toBe(200);
  const daysLeft = async (at: TestApp) => {
    const list = '/api/v1/deadlines/?kind=PASSPORT&days=60';
    const { body } = await at.ask('GET', list, { token });
    return body.results[0].days_left;
  };
  // Their clocks are 25 hours apart.
  const zones = ['pacific/kiritimati', 'Pacific/Pago_Pago'] as const;
  expect((await changed({ time_zone: zones[0] })).time_zone).toBe('Pacific/Kiritimati');
  const early = await daysLeft(app);
  await expect.poll(() => daysLeft(other)).toBe(early);
  await changed({ time_zone: zones[1] });
  const late = await daysLeft(app);
  expect(late).toBeGreaterThan(early);
  await expect.poll(() => daysLeft(other)).toBe(late);
  await other.close();
});

test('anybody sees how the agency of a host wants to be shown', async () => {
  const { body } = await app.ask('GET', '/api/public/branding/');
  expect(body).toMatchObject({ display_name: 'Acme', primary_color: '#ABCDEF' });
  expect((await app.ask('GET', '/api/public/branding/', { host: 'demo' })).body).toMatchObject({
    display_name: 'Tenant demo',
    primary_color: null,
  });
  expect((await app.ask('GET', '/api/public/branding/', { host: 'nobody.example' })).status).toBe(404);
});

test('only a SUPER_ADMIN and a superuser without a group may', async () => {
  for (const [name, status] of [
    ['root', 200],
    ['manager1', 403],
    ['branch1', 403],
    ['consultant1', 403],
    ['groupless', 403],
  ] as const) {
    const other = await app.logIn(name);
    expect([name, (await app.ask('GET', PATH, { token: other })).status]).toEqual([name, status]);
    expect([name, (await app.ask('PATCH', PATH, { token: other, body: {} })).status]).toEqual([name, status]);
  }
});

describe('refused, with the field named and nothing changed:', () => {
  const color = 'This value does not match the required pattern.';
  test.each<[object, object]>([
    [
      { time_zone: 'Mars/Olympus' },
      { time_zone: ['"Mars/Olympus" is no time zone; use an IANA name such as Asia/Kathmandu'] },
    ],
    [{ time_zone: '' }, { time_zone: ['This field may not be blank.'] }],
    [{ contact_email: 'x' }, { contact_email: ['Enter a valid email address.'] }],
    [
      { deadline_alerts: { before: [-1] } },
      { deadline_alerts: { before: { 0: ['Ensure this value is greater than or equal to 0.'] } } },
    ],
    [
      { deadline_alerts: { after: Array(21).fill(1) } },
      { deadline_alerts: { after: ['Ensure this field has no more than 20 elements.'] } },
    ],
    [{ deadline_alerts: [] }, { deadline_alerts: { non_field_errors: expect.any(Array) } }],
    [
      { email: { notifications: ['X'] } },
      { email: { notifications: { 0: ['"X" is not a valid choice.'] } } },
    ],
    [
      { email: { from: 'Acme' } },
      { email: { from: ['Must look like Name <name@example.com> or name@example.com.'] } },
    ],
    [
      { email: { from: 'Boss <boss@other-agency.example>' } },
      { email: { from: ['The agency has no domain other-agency.example. Ask the operators to add it.'] } },
    ],
    [{ branding: { primary_color: 'red' } }, { branding: { primary_color: [color] } }],
    [{ branding: { logo_url: 'javascript:alert(1)' } }, { branding: { logo_url: ['Enter a valid URL.'] } }],
    [{ branding: null }, { branding: ['This field may not be null.'] }],
    [
      { front_end: 'https://elsewhere.example' },
      {
        front_end: ['Pages of https://elsewhere.example may not use the API. Ask the operators to allow it.'],
      },
    ],
    [
      { front_end: 'https://crm.acme.example/app' },
      { front_end: ['Must be an origin such as https://crm.example.'] },
    ],
  ])('%j', async (body, errors) => {
    const before = await stored();
    const answer = await change(body);
    expect([answer.status, answer.body]).toEqual([400, errors]);
    expect(await stored()).toEqual(before);
  });
});

test('the front end is an origin whose pages may use the API', async () => {
  expect(await changed({ front_end: 'https://CRM.acme.example/' })).toMatchObject({
    front_end: 'https://crm.acme.example',
  });
  expect(await changed({ front_end: null })).toMatchObject({ front_end: null });
});

test("what is the operators' is ignored", async () => {
  const before = await read();
  expect(await changed({ name: 'Other', max_users: 9999, domains: ['x.example'], settings: {} })).toEqual(
    before,
  );
});

test('the platform has a sender that any agency may name', async () => {
  const { email } = await changed({ email: { from: 'Acme <no-reply@platform.example>' } });
  expect(email.from).toBe('Acme <no-reply@platform.example>');
  expect((await changed({ email: { from: null } })).email.from).toBeNull();
});

test('every change stands in the audit log, with who made it', async () => {
  await changed({ branding: { display_name: 'Logged' } });
  await changed({ branding: { display_name: 'Logged' } }); // no change, no entry
  const { body } = await app.ask('GET', '/api/v1/audit/?entity=agency_settings', { token });
  expect(body.results[0]).toMatchObject({ operation: 'change', user: idOf('admin'), username: 'admin' });
  expect(body.results[0].after.branding.display_name).toBe('Logged');
  expect(body.results[1]?.after.branding?.display_name).not.toBe('Logged');
});

test('two who change at the same moment lose nothing', async () => {
  await Promise.all([
    changed({ deadline_alerts: { before: [5] } }),
    changed({ deadline_alerts: { after: [6] } }),
    changed({ branding: { address: 'Here' } }),
    changed({ branding: { support_phone: '1' } }),
  ]);
  expect(await read()).toMatchObject({
    deadline_alerts: { before: [5], after: [6] },
    branding: { address: 'Here', support_phone: '1' },
  });
});

describe('the database itself', () => {
  const asMain = (sql: string) =>
    app.database.tenantQuery({ schema: 'tenant_main', userId: null }, statement(sql));

  test.each([
    `UPDATE public.tenants_tenant SET max_users = 9`,
    `SELECT change_agency_settings('{"max_users": 9}')`,
    `SELECT change_agency_settings('{"time_zone": "UTC", "capture": {}}')`,
    `SELECT change_agency_settings('[]')`,
    `SELECT change_agency_settings(NULL)`,
    `SELECT change_agency_settings(jsonb_build_object('branding', repeat('x', 70000)))`,
    `SELECT tenant_demo.change_agency_settings('{"time_zone": "Asia/Tokyo"}')`,
    `SELECT tenant_demo.agency_settings(false)`,
  ])('refuses a tenant: %s', async (sql) => {
    const before = [await stored(), await stored('tenant_demo')];
    await expect(asMain(sql)).rejects.toMatchObject({ code: '42501' });
    expect([await stored(), await stored('tenant_demo')]).toEqual(before);
  });

  test('also outside a transaction of a tenant', async () => {
    const sql = `SELECT tenant_main.change_agency_settings('{"time_zone": "Asia/Tokyo"}')`;
    await expect(app.database.publicQuery(statement(sql))).rejects.toMatchObject({ code: '42501' });
  });
});

test('settings of any other kind, which operators have left, do no harm', async () => {
  const leave = (settings: unknown) =>
    withOwner(app.databases.owner, (client) =>
      client.query("UPDATE public.tenants_tenant SET settings = $1 WHERE schema_name = 'tenant_main'", [
        JSON.stringify(settings),
      ]),
    );
  for (const value of [7, 'x', [], null, { before: 'x' }]) {
    await leave({ deadline_alert_days: value, email: value, branding: value });
    expect(await read()).toMatchObject({
      deadline_alerts: { before: [1, 7, 14, 30, 90], after: [1, 7] },
      email: { enabled: false, from: null, notifications: [] },
      branding: { display_name: 'Tenant main', website: null },
    });
  }
  await leave([1]);
  expect(await changed({ time_zone: 'Asia/Kathmandu' })).toMatchObject({ time_zone: 'Asia/Kathmandu' });
});
