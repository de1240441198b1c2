import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../../../test/helpers/app.js';
import { seedStaff } from '../../../test/helpers/staff.js';

const PATH = '/api/v1/visa-categories/';
let app: TestApp;
const tokens: Record<string, string> = {};

beforeAll(async () => {
  app = await startTestApp();
  await seedStaff(app);
  for (const name of ['admin', 'branch1', 'consultant1']) tokens[name] = await app.logIn(name);
});
afterAll(() => app?.close());

const ask = (name: string, method: string, path = '', body?: object) =>
  app.ask(method, PATH + path, { token: tokens[name], body });

test('an admin makes, reads, changes and deletes them; a consultant only reads', async () => {
  const made = await ask('admin', 'POST', '', { name: ' Partner ', code: 'PARTNER', description: 'Spouses' });
  expect(made.status).toBe(201);
  const { id } = made.body;
  expect(made.body).toEqual({ id, name: 'Partner', code: 'PARTNER', description: 'Spouses' });
  expect((await ask('consultant1', 'GET', `${id}/`)).body).toEqual(made.body);
  expect((await ask('consultant1', 'GET')).body).toContainEqual(made.body);

  const changed = await ask('admin', 'PATCH', `${id}/`, { code: '' });
  expect(changed.body).toEqual({ ...made.body, code: null });
  expect((await ask('admin', 'PATCH', `${id}/`, {})).body).toEqual(changed.body);
  const put = await ask('admin', 'PUT', `${id}/`, { name: 'Family', code: null });
  expect(put.body).toEqual({ ...changed.body, name: 'Family' });

  expect((await ask('consultant1', 'POST', '', { name: 'Other' })).status).toBe(403);
  expect((await ask('consultant1', 'PATCH', `${id}/`, { name: 'Other' })).status).toBe(403);
  expect((await ask('consultant1', 'DELETE', `${id}/`)).status).toBe(403);
  expect((await ask('admin', 'DELETE', `${id}/`)).status).toBe(204);
  expect((await ask('admin', 'GET', `${id}/`)).body).toEqual({ detail: 'Visa category not found' });
});

test('name and code belong to one category; what is wrong is said of its field', async () => {
  const { id } = (await ask('admin', 'POST', '', { name: 'Visitor', code: 'V' })).body;
  const wrong: [object, object][] = [
    [{}, { name: ['This field is required.'] }],
    [{ name: 'Visitor' }, { name: ['visa category with this name already exists.'] }],
    [{ name: 'Visitor 2', code: 'V' }, { code: ['visa category with this code already exists.'] }],
    [{ name: 'x'.repeat(101) }, { name: ['Ensure this field has no more than 100 characters.'] }],
    [{ name: 'New', code: 'x'.repeat(21) }, { code: ['Ensure this field has no more than 20 characters.'] }],
  ];
  for (const [body, expected] of wrong) {
    const answer = await ask('admin', 'POST', '', body);
    expect([answer.status, answer.body]).toEqual([400, expected]);
  }
  expect((await ask('admin', 'PATCH', `${id}/`, { name: 'Visitor', code: 'V' })).status).toBe(200);
  expect((await ask('admin', 'PATCH', `${id}/`, { name: 'Student' })).status).toBe(400);
});

test('one name is given once, however many ask for it at the same moment', async () => {
  const answers = await Promise.all([1, 2, 3, 4].map(() => ask('admin', 'POST', '', { name: 'Race' })));
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 400, 400, 400]);
});

test('a category that visa types or clients have stays', async () => {
  const ofTypes = (await ask('admin', 'POST', '', { name: 'Has types' })).body.id;
  const type = await app.ask('POST', '/api/v1/visa-types/', {
    token: tokens.admin,
    body: { visa_category_id: ofTypes, name: 'Type' },
  });
  expect(type.status).toBe(201);
  const ofClients = (await ask('admin', 'POST', '', { name: 'Has clients' })).body.id;
  const body = {
    first_name: 'A',
    last_name: 'B',
    gender: 'OTHER',
    country: 'NP',
    visa_category_id: ofClients,
  };
  expect((await app.ask('POST', '/api/v1/clients/', { token: tokens.admin, body })).status).toBe(201);

  expect(await ask('admin', 'DELETE', `${ofTypes}/`)).toMatchObject({
    status: 400,
    body: { detail: 'Cannot delete a visa category that has visa types' },
  });
  expect(await ask('admin', 'DELETE', `${ofClients}/`)).toMatchObject({
    status: 400,
    body: { detail: 'Cannot delete a visa category that clients have' },
  });
});
