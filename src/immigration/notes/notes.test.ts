import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../../../test/helpers/app.js';
import { idOf, seedStaff } from '../../../test/helpers/staff.js';

const PATH = '/api/v1/notes/';
const PEOPLE = ['admin', 'manager1', 'branch1', 'consultant1', 'consultant12', 'consultant3'];
let app: TestApp;
const tokens: Record<string, string> = {};
/** A client of branch 1, and one of branch 3. */
let client: number;
let elsewhere: number;

beforeAll(async () => {
  app = await startTestApp();
  await seedStaff(app);
  for (const name of PEOPLE) tokens[name] = await app.logIn(name);
  client = await newClient(1);
  elsewhere = await newClient(3);
});
afterAll(() => app?.close());

async function newClient(branch_id: number): Promise<number> {
  const body = { first_name: 'Maya', gender: 'FEMALE', country: 'NP', branch_id };
  return (await app.ask('POST', '/api/v1/clients/', { token: tokens.admin, body })).body.id;
}

const ask = (by: string, method: string, path = '', body?: object) =>
  app.ask(method, PATH + path, { token: tokens[by], body });
const make = async (by: string, given: object = {}) =>
  (await ask(by, 'POST', '', { client, content: 'Hello', ...given })).body;

describe('writing', () => {
  test('a note has an author, and text without spaces around it', async () => {
    const { status, body } = await ask('consultant1', 'POST', '', { client, content: ' Hello\nthere ' });
    expect([status, body]).toMatchObject([
      201,
      {
        client,
        author: idOf('consultant1'),
        author_name: 'First consultant1 Last consultant1',
        content: 'Hello\nthere',
      },
    ]);
    expect((await ask('admin', 'GET', `${body.id}/`)).body).toEqual(body);
  });

  test.each([
    [{}, { client: ['This field is required.'], content: ['This field is required.'] }],
    [{ client: 1, content: ' ' }, { content: ['This field may not be blank.'] }],
    [
      { client: 1, content: 'x'.repeat(10_001) },
      { content: ['Ensure this field has no more than 10000 characters.'] },
    ],
    [{ client: 99_999, content: 'x' }, { client: ['Invalid pk "99999" - object does not exist.'] }],
  ])('refuses %j', async (given, expected) => {
    const { status, body } = await ask('admin', 'POST', '', given);
    expect([status, body]).toEqual([400, expected]);
  });

  test('takes 10,000 characters, whatever they are', async () => {
    expect((await make('admin', { content: '👋'.repeat(10_000) })).content).toHaveLength(20_000);
  });

  test('not about a client out of scope', async () => {
    const { status, body } = await ask('consultant1', 'POST', '', { client: elsewhere, content: 'x' });
    const detail = `User consultant1 does not have permission to access client ${elsewhere}`;
    expect([status, body]).toEqual([403, { detail }]);
  });
});

describe('changing', () => {
  test('moves updated_at, and not to another client', async () => {
    const note = await make('consultant1');
    const { body } = await ask('consultant1', 'PATCH', `${note.id}/`, { content: 'New', client: elsewhere });
    expect(body).toEqual({ ...note, content: 'New', updated_at: body.updated_at });
    expect(body.updated_at > note.updated_at).toBe(true);
  });

  // Consultants may change notes but not delete them, unless they wrote them.
  test.each([
    ['consultant1', 'PUT', 200],
    ['consultant1', 'DELETE', 204],
    ['consultant12', 'PUT', 200],
    ['consultant12', 'DELETE', 403],
    ['branch1', 'DELETE', 204],
    ['consultant3', 'GET', 403],
    ['consultant3', 'PATCH', 403],
    ['consultant3', 'DELETE', 403],
  ])('by %s: %s is answered with %d', async (by, method, status) => {
    const { id } = await make('consultant1');
    expect((await ask(by, method, `${id}/`, { content: 'New' })).status).toBe(status);
    const left = await ask('admin', 'GET', `${id}/`);
    expect(left.status).toBe(status === 204 ? 404 : 200);
  });

  test('what is not there is not found', async () => {
    for (const method of ['GET', 'PUT', 'PATCH', 'DELETE']) {
      const { status, body } = await ask('admin', method, '999999/', { content: '' });
      expect([status, body]).toEqual([404, { detail: 'Note not found' }]);
    }
  });
});

test('lists are of the clients in scope, newest first, by client and author', async () => {
  const [one, other] = [await newClient(1), await newClient(3)];
  const first = await make('consultant1', { client: one });
  const second = await make('admin', { client: one });
  const third = await make('consultant3', { client: other });
  const ids = async (by: string, query: string) =>
    (await ask(by, 'GET', query)).body.results.map(({ id }: { id: number }) => id);
  expect(await ids('admin', `?client=${one}`)).toEqual([second.id, first.id]);
  expect(await ids('admin', `?client=${one}&author=1`)).toEqual([second.id]);
  expect(await ids('consultant1', `?client=${one}`)).toEqual([second.id, first.id]);
  expect(await ids('consultant1', `?client=${other}`)).toEqual([]);
  expect(await ids('consultant3', '')).toEqual([third.id]);
  expect((await ids('admin', '')).slice(0, 3)).toEqual([third.id, second.id, first.id]);
  expect((await ask('admin', 'GET', '?author=x')).status).toBe(400);

  await app.ask('DELETE', `/api/v1/clients/${one}/`, { token: tokens.admin });
  expect(await ids('admin', `?client=${one}`)).toEqual([]);
  expect((await ask('admin', 'GET', `${first.id}/`)).status).toBe(404);
});
