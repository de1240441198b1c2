import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../../../test/helpers/app.js';
import { visaType } from '../../../test/helpers/samples/applications.js';
import { idOf, seedStaff } from '../../../test/helpers/staff.js';

const PATH = '/api/v1/visa-applications/';
let app: TestApp;
const tokens: Record<string, string> = {};
const clients: Record<string, number> = {};
let type: number;
let otherType: number;

beforeAll(async () => {
  app = await startTestApp();
  await seedStaff(app);
  for (const name of ['admin', 'manager1', 'branch1', 'branch3', 'consultant1']) {
    tokens[name] = await app.logIn(name);
  }
  for (const [name, who] of [
    ['first', 'branch1'],
    ['third', 'branch3'],
  ] as const) {
    const body = { first_name: name, last_name: 'Rai', gender: 'FEMALE', country: 'NP' };
    clients[name] = (await app.ask('POST', '/api/v1/clients/', { token: tokens[who], body })).body.id;
  }
  await app.database.tenantTransaction({ schema: 'tenant_main', userId: null }, async (transaction) => {
    type = await visaType(transaction);
    otherType = await visaType(transaction);
  });
});
afterAll(() => app?.close());

const ask = (name: string, method: string, path: string, body?: object) =>
  app.ask(method, PATH + path, { token: tokens[name], body });
const minimal = (more: object = {}) => ({
  client_id: clients.first,
  visa_type_id: type,
  immigration_fee: '100',
  service_fee: 50.5,
  ...more,
});
const create = async (more: object = {}, name = 'admin') => {
  const answer = await ask(name, 'POST', '', minimal(more));
  expect(answer.status, answer.raw.toString()).toBe(201);
  return answer.body;
};

describe('creating', () => {
  test('takes what is given, and shows it with names and defaults', async () => {
    const made = await create({ assigned_to_id: idOf('consultant1') });
    expect(made).toMatchObject({
      client_name: 'first Rai',
      visa_type: type,
      immigration_fee: '100.00',
      immigration_fee_currency: 'USD',
      service_fee: '50.50',
      status: 'TO_BE_APPLIED',
      dependent: false,
      required_documents: [],
      transaction_reference_no: null,
      notes: null,
      assigned_to_name: 'First consultant1 Last consultant1',
      created_by_name: 'First admin Last admin',
    });
    expect((await ask('admin', 'GET', `${made.id}/`)).body).toEqual(made);
  });

  test('documents come from the checklist of the visa type, unless they are given', async () => {
    const checklist = ['Passport', 'Photo'];
    await app.ask('PATCH', `/api/v1/visa-types/${otherType}/`, { token: tokens.admin, body: { checklist } });
    const listed = checklist.map((name) => ({ name, received: false }));
    expect((await create({ visa_type_id: otherType })).required_documents).toEqual(listed);
    const given = ['IELTS', { name: 'Photo', received: true }, { name: 'Letter' }];
    expect((await create({ visa_type_id: otherType, required_documents: given })).required_documents).toEqual(
      [
        { name: 'IELTS', received: false },
        { name: 'Photo', received: true },
        { name: 'Letter', received: false },
      ],
    );
    expect((await create({ visa_type_id: otherType, required_documents: [] })).required_documents).toEqual(
      [],
    );
  });

  test('what is wrong is told by field', async () => {
    const wrong = {
      immigration_fee: -1,
      service_fee_currency: 'XXX',
      status: 'LOST',
      date_applied: '2026-02-30',
    };
    const { status, body } = await ask('admin', 'POST', '', { ...wrong, required_documents: [{}, ''] });
    expect(status).toBe(400);
    expect(body).toMatchObject({
      client_id: ['This field is required.'],
      visa_type_id: ['This field is required.'],
      service_fee: ['This field is required.'],
      immigration_fee: ['Ensure this value is greater than or equal to 0.'],
      service_fee_currency: ['"XXX" is not a valid choice.'],
      status: ['"LOST" is not a valid choice.'],
    });
    expect(Object.keys(body.required_documents)).toEqual(['0', '1']);
    expect((await ask('admin', 'POST', '', minimal({ visa_type_id: 999 }))).body).toEqual({
      visa_type_id: ['Invalid pk "999" - object does not exist.'],
    });
    expect((await ask('admin', 'POST', '', minimal({ client_id: 999 }))).body).toEqual({
      client_id: ['Invalid pk "999" - object does not exist.'],
    });
  });

  test('a branch admin assigns only within the branch, and reaches only its clients', async () => {
    const out = await ask('branch1', 'POST', '', minimal({ assigned_to_id: idOf('consultant3') }));
    expect(out).toMatchObject({
      status: 403,
      body: { detail: 'Branch Admin cannot assign applications to users outside their branches' },
    });
    expect((await ask('branch1', 'POST', '', minimal({ client_id: clients.third }))).status).toBe(403);
    expect((await ask('admin', 'POST', '', minimal({ assigned_to_id: 999 }))).body).toEqual({
      detail: 'Assigned user with id=999 does not exist',
    });
  });
});

test('out of scope: lists leave it out, the rest is 403 in the words of the contract', async () => {
  const { id } = await create({ client_id: clients.third });
  const refused = {
    status: 403,
    body: { detail: `User branch1 does not have permission to access visa application ${id}` },
  };
  expect(await ask('branch1', 'GET', `${id}/`)).toMatchObject(refused);
  expect(await ask('branch1', 'PATCH', `${id}/`, { status: 'NONE' })).toMatchObject(refused);
  expect(await ask('branch1', 'DELETE', `${id}/`)).toMatchObject(refused);
  const seen = (await ask('branch1', 'GET', '?page_size=100')).body.results;
  expect(seen.map((one: { id: number }) => one.id)).not.toContain(id);
  expect((await ask('branch3', 'GET', `?client_id=${clients.third}`)).body.count).toBe(1);
});

test('changing keeps what is not given; null empties', async () => {
  const made = await create({
    notes: 'kept',
    expiry_date: '2030-01-01',
    assigned_to_id: idOf('consultant1'),
  });
  const changed = await ask('admin', 'PATCH', `${made.id}/`, {
    status: 'GRANTED',
    date_granted: '2026-11-01',
    expiry_date: null,
    assigned_to_id: null,
    service_fee_currency: 'NPR',
    client_id: clients.third,
  });
  expect(changed.body).toMatchObject({
    notes: 'kept',
    status: 'GRANTED',
    date_granted: '2026-11-01',
    expiry_date: null,
    assigned_to: null,
    service_fee: '50.50',
    service_fee_currency: 'NPR',
    client: clients.first,
  });
  expect(changed.body.updated_at > made.updated_at).toBe(true);
});

test('a bare name keeps whether its document was received; what is said counts', async () => {
  const documents = [{ name: 'Passport', received: true }, 'Photo', { name: 'Photo', received: true }];
  const { id } = await create({ required_documents: documents });
  const after = async (required_documents: unknown[]) =>
    (await ask('admin', 'PATCH', `${id}/`, { notes: 'x', required_documents })).body.required_documents;
  const stored = [
    { name: 'Passport', received: true },
    { name: 'Photo', received: false },
    { name: 'Photo', received: true },
  ];
  expect(await after(['Passport', 'Photo', 'Photo'])).toEqual(stored);
  expect(await after([{ name: 'Passport' }, 'Photo', 'Photo', 'IELTS'])).toEqual([
    ...stored,
    { name: 'IELTS', received: false },
  ]);
  expect(await after([{ name: 'Passport', received: false }])).toEqual([
    { name: 'Passport', received: false },
  ]);
  expect(await after(['Passport'])).toEqual([{ name: 'Passport', received: false }]);
});

test('the dashboard’s breakdown tells the total too, as the counts by status do', async () => {
  const { body } = await ask('admin', 'GET', 'dashboard-statistics/');
  expect(body.status_breakdown).toEqual((await ask('admin', 'GET', 'status-counts/')).body);
  expect(body.status_breakdown.TOTAL).toBe(body.total_applications);
});

test('the list is filtered, newest first; the applications of archived clients are left out', async () => {
  const body = { first_name: 'Maya', last_name: 'Gurung', gender: 'FEMALE', country: 'NP' };
  const maya = (await app.ask('POST', '/api/v1/clients/', { token: tokens.admin, body })).body.id;
  const early = await create({ client_id: maya, date_applied: '2026-01-10', status: 'VISA_APPLIED' });
  const late = await create({ client_id: maya, date_applied: '2026-02-10', visa_type_id: otherType });
  const ids = async (query: string) =>
    (await ask('admin', 'GET', `?client_id=${maya}&${query}`)).body.results.map(
      (one: { id: number }) => one.id,
    );
  expect(await ids('')).toEqual([late.id, early.id]);
  expect(await ids('status=VISA_APPLIED&status=GRANTED')).toEqual([early.id]);
  expect(await ids('date_applied_from=2026-01-10&date_applied_to=2026-01-10')).toEqual([early.id]);
  expect(await ids('date_applied_from=2026-01-11')).toEqual([late.id]);
  expect(await ids('client_name=gUr')).toEqual([late.id, early.id]);
  expect(await ids('client_name=nobody')).toEqual([]);
  expect(await ids(`visa_type_id=${otherType}&created_by_id=${idOf('admin')}`)).toEqual([late.id]);
  expect((await ask('admin', 'GET', '?date_applied_to=x')).body).toHaveProperty('date_applied_to');

  const { TOTAL } = (await ask('admin', 'GET', 'status-counts/')).body;
  await app.ask('DELETE', `/api/v1/clients/${maya}/`, { token: tokens.admin });
  expect(await ids('')).toEqual([]);
  expect((await ask('admin', 'GET', 'status-counts/')).body.TOTAL).toBe(TOTAL - 2);
});

test('deleting is for good', async () => {
  const { id } = await create();
  expect((await ask('consultant1', 'DELETE', `${id}/`)).status).toBe(403); // has no delete_visaapplication
  expect((await ask('admin', 'DELETE', `${id}/`)).status).toBe(204);
  expect((await ask('admin', 'GET', `${id}/`)).body).toEqual({ detail: 'Visa application not found' });
});

describe('visa types', () => {
  const types = (method: string, path: string, body?: object) =>
    app.ask(method, `/api/v1/visa-types/${path}`, { token: tokens.admin, body });

  test('come with their category, are found by name and code, and stay while they are used', async () => {
    const [category] = (await app.ask('GET', '/api/v1/visa-categories/', { token: tokens.consultant1 })).body;
    const body = { visa_category_id: category.id, name: 'Student 500', code: 'S500', checklist: ['CoE'] };
    const made = await types('POST', '', body);
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({ visa_category: category, visa_category_name: category.name });
    expect((await types('GET', '?search=s500')).body.results).toEqual([made.body]);
    expect((await types('PATCH', `${made.body.id}/`, {})).body).toEqual(made.body);
    const application = await create({ visa_type_id: made.body.id });
    expect(await types('DELETE', `${made.body.id}/`)).toMatchObject({
      status: 400,
      body: { detail: 'Cannot delete a visa type that applications use' },
    });
    await ask('admin', 'DELETE', `${application.id}/`);
    expect((await types('DELETE', `${made.body.id}/`)).status).toBe(204);
    expect((await types('POST', '', { ...body, visa_category_id: 99 })).body).toEqual({
      visa_category_id: ['Invalid pk "99" - object does not exist.'],
    });
  });
});
