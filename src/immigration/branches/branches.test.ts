import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../../../test/helpers/app.js';
import { seedStaff } from '../../../test/helpers/staff.js';

const PATH = '/api/v1/branches/';
let app: TestApp;
const tokens: Record<string, string> = {};

beforeAll(async () => {
  app = await startTestApp();
  await seedStaff(app); // regions 1 (branches 1 One, 2 Two) and 2 (branch 3 Three)
  for (const name of ['admin', 'manager1', 'branch1', 'branch3', 'consultant1']) {
    tokens[name] = await app.logIn(name);
  }
});
afterAll(() => app?.close());

const ask = (name: string, method: string, path: string, body?: object) =>
  app.ask(method, PATH + path, { token: tokens[name], body });
const namesFor = async (name: string, query = '') =>
  (await ask(name, 'GET', query)).body.results.map((branch: { name: string }) => branch.name);

describe('scope', () => {
  test('everybody sees their own branches, region managers those of their regions', async () => {
    expect(await namesFor('admin')).toEqual(['One', 'Three', 'Two']);
    expect(await namesFor('manager1')).toEqual(['One', 'Two']);
    expect(await namesFor('branch1')).toEqual(['One']);
    expect((await ask('consultant1', 'GET', '')).status).toBe(403);
  });

  test('another branch is not found, whatever is asked of it', async () => {
    for (const [method, path] of [
      ['GET', '3/'],
      ['PATCH', '3/'],
    ] as const) {
      const answer = await ask('manager1', method, path, method === 'PATCH' ? { phone: '1' } : undefined);
      expect(answer).toMatchObject({ status: 404, body: { detail: 'Branch not found' } });
    }
  });

  test('options are the same branches, whole and short', async () => {
    expect((await ask('manager1', 'GET', 'options/')).body).toEqual([
      { id: 1, name: 'One' },
      { id: 2, name: 'Two' },
    ]);
  });
});

describe('regions of branches', () => {
  test('a region manager makes branches in their own regions only', async () => {
    const { body: own } = await ask('manager1', 'POST', '', { name: 'Made here' });
    expect(own).toMatchObject({ region: 1, region_name: 'North' });
    expect(await ask('manager1', 'POST', '', { name: 'There', region_id: 2 })).toMatchObject({
      status: 403,
      body: { detail: 'Region Manager cannot put a branch outside their regions' },
    });
    for (const region_id of [2, null]) {
      expect((await ask('manager1', 'PATCH', `${own.id}/`, { region_id })).status).toBe(403);
    }
    expect((await ask('manager1', 'DELETE', `${own.id}/`)).status).toBe(403); // has no delete_branch
    expect((await ask('admin', 'DELETE', `${own.id}/`)).status).toBe(204);
  });

  test('a region that does not exist is refused', async () => {
    const answer = await ask('admin', 'POST', '', { name: 'Nowhere', region_id: 77 });
    expect(answer).toMatchObject({
      status: 400,
      body: { region_id: ['Invalid pk "77" - object does not exist.'] },
    });
  });
});

describe('a name', () => {
  test('belongs to one branch, deleted ones included', async () => {
    const { body: branch } = await ask('admin', 'POST', '', { name: 'Kathmandu' });
    const taken = { status: 400, body: { detail: "Branch with name 'Kathmandu' already exists" } };
    expect(await ask('admin', 'POST', '', { name: 'Kathmandu' })).toMatchObject(taken);
    expect(await ask('admin', 'PATCH', '1/', { name: 'Kathmandu' })).toMatchObject(taken);
    await ask('admin', 'DELETE', `${branch.id}/`);
    expect(await ask('admin', 'POST', '', { name: 'Kathmandu' })).toMatchObject(taken);
    expect((await ask('admin', 'POST', `${branch.id}/restore/`)).status).toBe(200);
  });

  test('goes to one of those who ask for it at the same moment', async () => {
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => ask('admin', 'POST', '', { name: 'Wanted' })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 400, 400, 400, 400, 400]);
  });
});

describe('deleting', () => {
  test('takes the branch, and what belongs to it, out of its staff’s scope until it is restored', async () => {
    const created = await app.ask('POST', '/api/v1/clients/', {
      token: tokens.branch3,
      body: { first_name: 'Third', gender: 'MALE', country: 'NP' },
    });
    expect(created.body.branch).toBe(3);
    const seen = async () =>
      (await app.ask('GET', `/api/v1/clients/${created.body.id}/`, { token: tokens.branch3 })).status;

    expect((await ask('admin', 'DELETE', '3/')).status).toBe(204);
    await expect.poll(seen).toBe(403);
    expect(await namesFor('branch3')).toEqual([]);
    expect(await namesFor('branch3', '?include_deleted=true')).toEqual(['Three']);
    expect((await ask('admin', 'GET', '3/')).status).toBe(404);

    expect((await ask('branch3', 'POST', '3/restore/')).status).toBe(403); // branch admins may not delete
    expect((await ask('admin', 'POST', '3/restore/')).body).toMatchObject({ id: 3, name: 'Three' });
    await expect.poll(seen).toBe(200);
    const again = await ask('admin', 'POST', '3/restore/');
    expect(again).toMatchObject({ status: 404, body: { detail: 'Branch not found or not soft-deleted' } });
  });
});

test('the list is filtered', async () => {
  await ask('admin', 'PATCH', '1/', { phone: '0200', website: 'one.example', state: 'NSW', country: 'AU' });
  expect(await namesFor('admin', '?search=one.example')).toEqual(['One']);
  expect(await namesFor('admin', '?state=ns')).toEqual(['One']);
  expect(await namesFor('admin', '?phone=020&country=AU&country=NZ')).toEqual(['One']);
  expect(await namesFor('admin', '?region_id=2')).toEqual(['Three']);
  expect((await ask('admin', 'GET', '?region_id=x')).body).toEqual({
    region_id: ['A valid integer is required.'],
  });
});
