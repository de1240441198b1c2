import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../../../test/helpers/app.js';
import { seedStaff } from '../../../test/helpers/staff.js';

const PATH = '/api/v1/regions/';
let app: TestApp;
const tokens: Record<string, string> = {};

beforeAll(async () => {
  app = await startTestApp();
  await seedStaff(app); // North (branches One, Two) and South (Three)
  for (const name of ['admin', 'manager1', 'branch3', 'consultant1']) tokens[name] = await app.logIn(name);
});
afterAll(() => app?.close());

const ask = (name: string, method: string, path: string, body?: object) =>
  app.ask(method, PATH + path, { token: tokens[name], body });
const namesFor = async (name: string, query = '') =>
  (await ask(name, 'GET', query)).body.results.map((region: { name: string }) => region.name);

test('everybody sees the regions of their branches, managers their own', async () => {
  expect(await namesFor('admin')).toEqual(['North', 'South']);
  expect(await namesFor('manager1')).toEqual(['North']);
  expect(await namesFor('branch3')).toEqual(['South']);
  expect((await ask('consultant1', 'GET', '')).status).toBe(403);
  const other = await ask('manager1', 'GET', '2/');
  expect(other).toMatchObject({ status: 404, body: { detail: 'Region not found' } });
  expect((await ask('branch3', 'PATCH', '1/', { name: 'Mine' })).status).toBe(404);
});

test('a region is made, shown with the number of its branches, and changed', async () => {
  const { status, body } = await ask('admin', 'POST', '', { name: 'West', description: 'Perth' });
  expect([status, body.branch_count]).toEqual([201, 0]);
  expect((await ask('admin', 'GET', '1/')).body.branch_count).toBe(2);
  const changed = await ask('admin', 'PATCH', `${body.id}/`, { description: '' });
  expect(changed.body).toMatchObject({ name: 'West', description: '' });
  expect(changed.body.updated_at > body.updated_at).toBe(true);
  expect(await namesFor('admin', '?search=ES')).toEqual(['West']);
});

test('a name belongs to one region', async () => {
  const taken = { status: 400, body: { detail: "Region with name 'North' already exists" } };
  expect(await ask('admin', 'POST', '', { name: 'North' })).toMatchObject(taken);
  expect(await ask('admin', 'PATCH', '2/', { name: ' North ' })).toMatchObject(taken);
  expect((await ask('admin', 'PUT', '2/', { name: 'South' })).status).toBe(200);
});

test('a region is deleted only without branches; deleted ones do not count', async () => {
  const { body: region } = await ask('admin', 'POST', '', { name: 'East' });
  const branch = { name: 'Only', region_id: region.id };
  const { body: made } = await app.ask('POST', '/api/v1/branches/', { token: tokens.admin, body: branch });
  const kept = { status: 400, body: { detail: 'Cannot delete a region that has branches' } };
  expect(await ask('admin', 'DELETE', `${region.id}/`)).toMatchObject(kept);
  await app.ask('DELETE', `/api/v1/branches/${made.id}/`, { token: tokens.admin });
  expect((await ask('admin', 'DELETE', `${region.id}/`)).status).toBe(204);
});

test('a region that is deleted while branches are put into it has branches, or is not there for them', async () => {
  for (let round = 0; round < 8; round++) {
    const { body: region } = await ask('admin', 'POST', '', { name: `Contended ${round}` });
    const branch = { name: `Late ${round}`, region_id: region.id };
    const [made, deleted] = await Promise.all([
      app.ask('POST', '/api/v1/branches/', { token: tokens.admin, body: branch }),
      ask('admin', 'DELETE', `${region.id}/`),
    ]);
    expect([
      [201, 400],
      [400, 204],
    ]).toContainEqual([made.status, deleted.status]);
  }
});
