import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../../../test/helpers/app.js';
import { idOf, seedStaff } from '../../../test/helpers/staff.js';
import { withOwner } from '../../database/owner.js';
import { ENTITIES } from './schemas.js';

let app: TestApp;
const tokens: Record<string, string> = {};
beforeAll(async () => {
  app = await startTestApp();
  await seedStaff(app);
  for (const name of ['admin', 'root', 'manager1', 'branch1', 'consultant1', 'groupless']) {
    tokens[name] = await app.logIn(name);
  }
});
afterAll(() => app?.close());

const ask = (method: string, path: string, body?: object, by = 'admin') =>
  app.ask(method, `/api/v1/${path}`, { token: tokens[by], body });
const entries = async (query: string, by = 'admin') =>
  (await ask('GET', `audit/?${query}`, undefined, by)).body;
const newClient = async (given: object = {}) =>
  (await ask('POST', 'clients/', { first_name: 'Maya', gender: 'FEMALE', country: 'NP', ...given })).body.id;

test.each([
  ['admin', 200],
  ['root', 200],
  ['manager1', 403],
  ['branch1', 403],
  ['consultant1', 403],
  ['groupless', 403],
])('%s, who asks for the log, is answered %i', async (name, status) => {
  const [{ id }] = (await entries('')).results;
  for (const path of ['audit/', `audit/${id}/`]) {
    expect((await ask('GET', path, undefined, name)).status).toBe(status);
  }
});

test('no permission opens it to others', async () => {
  const { body: permissions } = await ask('GET', 'permissions/');
  const all = (permissions.results ?? permissions).map((one: { id: number }) => one.id);
  const consultants = (await ask('GET', 'groups/options/')).body.find(
    (group: { name: string }) => group.name === 'CONSULTANT',
  );
  const answer = await ask('POST', `groups/${consultants.id}/assign-permissions/`, { permission_ids: all });
  expect(answer.status).toBe(200);
  expect((await ask('GET', 'audit/', undefined, 'consultant1')).status).toBe(403);
});

describe('a record', () => {
  test('is logged when it is created, with who did it, from where, and what it became', async () => {
    const id = await newClient({ email: 'maya@example.com' });
    const { count, results } = await entries(`entity=client&record_id=${id}`);
    expect(count).toBe(1);
    expect(results).toEqual([
      {
        id: expect.any(Number),
        at: expect.stringMatching(/Z$/),
        user: idOf('admin'),
        username: 'admin',
        address: '127.0.0.1',
        request_id: expect.any(String),
        operation: 'create',
        entity: 'client',
        record_id: id,
        record_ids: null,
        before: null,
        after: expect.objectContaining({ id, first_name: 'Maya', email: 'maya@example.com', stage: 'LEAD' }),
      },
    ]);
    expect((await ask('GET', `audit/${results[0].id}/`)).body).toEqual(results[0]);
  });

  test('is logged when it is changed, with only the fields that differ, before and after', async () => {
    const id = await newClient({ branch_id: 1 });
    await ask('PATCH', `clients/${id}/`, { first_name: 'Mia', last_name: '' }, 'branch1');
    const { results } = await entries(`entity=client&record_id=${id}&operation=change`);
    expect(results).toMatchObject([
      {
        user: idOf('branch1'),
        username: 'branch1',
        before: { first_name: 'Maya' },
        after: { first_name: 'Mia' },
      },
    ]);
    expect(Object.keys(results[0].before)).toEqual(['first_name']);
  });

  test('that was not changed in fact is not logged', async () => {
    const id = await newClient();
    expect((await ask('PATCH', `clients/${id}/`, { first_name: 'Maya' })).status).toBe(200);
    expect((await entries(`entity=client&record_id=${id}`)).count).toBe(1);
  });

  test('is logged when it is deleted, with all that it was', async () => {
    const id = (await ask('POST', 'regions/', { name: 'Far away', description: 'x' })).body.id;
    await ask('DELETE', `regions/${id}/`);
    const { results } = await entries(`entity=region&record_id=${id}`);
    expect(results).toMatchObject([
      { operation: 'delete', before: { id, name: 'Far away', description: 'x' }, after: null },
      { operation: 'create' },
    ]);
  });

  test('is not logged when the change was refused', async () => {
    const { count } = await entries('entity=client');
    expect((await ask('POST', 'clients/', { first_name: 'Maya' })).status).toBe(400);
    expect((await entries('entity=client')).count).toBe(count);
  });
});

test('a new password is logged as a change, and neither it nor its hash shown', async () => {
  const username = 'newcomer';
  const given = {
    username,
    email: 'n@example.com',
    password: 'Passw0rd!23',
    first_name: 'N',
    last_name: 'N',
  };
  const { id } = (await ask('POST', 'users/', { ...given, group_name: 'CONSULTANT' })).body;
  const changed = await ask('POST', `users/${id}/set-password/`, { password: 'An0ther!Pass' });
  expect(changed.status).toBeLessThan(300);
  const { results } = await entries(`entity=user&record_id=${id}`);
  expect(results).toMatchObject([
    { operation: 'change', before: { password: '(hidden)' }, after: { password: '(hidden)' } },
    { operation: 'create', after: { username, password: '(hidden)' } },
  ]);
  expect(JSON.stringify(results)).not.toContain('pbkdf2');
});

test('filters by record, user, operation and time, and pages, newest first', async () => {
  const id = await newClient({ branch_id: 1 });
  for (const first_name of ['A', 'B', 'C']) await ask('PATCH', `clients/${id}/`, { first_name }, 'branch1');
  const record = `entity=client&record_id=${id}`;
  const all = (await entries(record)).results;
  expect(all.map((entry: { after: { first_name: string } }) => entry.after.first_name)).toEqual([
    'C',
    'B',
    'A',
    'Maya',
  ]);
  const shown = async (query: string) =>
    (await entries(`${record}&${query}`)).results.map((entry: { id: number }) => entry.id);
  const ids = all.map((entry: { id: number }) => entry.id);
  expect(await shown(`user=${idOf('branch1')}`)).toEqual(ids.slice(0, 3));
  expect(await shown('operation=create')).toEqual(ids.slice(3));
  expect(await shown('operation=destroy')).toEqual([]);
  expect(await shown(`from=${all[1].at}`)).toEqual(ids.slice(0, 2));
  expect(await shown(`to=${all[1].at}`)).toEqual(ids.slice(2));
  const [today, yesterday] = [0, 1].map((ago) =>
    new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10),
  );
  expect(await shown(`from=${today}&to=${today}`)).toEqual(ids);
  expect(await shown(`to=${yesterday}`)).toEqual([]);
  for (const edge of ['0001-01-01', '9999-12-31']) await shown(`from=${edge}&to=${edge}`);
  expect(await shown('page_size=1&page=2')).toEqual([ids[1]]);
  expect(await shown('page_size=3&page=last')).toEqual([ids[3]]);
  expect((await entries('entity=nothing')).count).toBe(0);
  for (const wrong of ['from=soon', 'to=x', 'user=x', 'record_id=x']) {
    const answer = await ask('GET', `audit/?${wrong}`);
    expect([answer.status, Object.keys(answer.body)]).toEqual([400, [wrong.split('=')[0]]]);
  }
  for (const page of ['401', '999999999']) expect((await ask('GET', `audit/?page=${page}`)).status).toBe(404);
});

describe('reading passports', () => {
  const passport = { passport_no: 'N1', passport_country: 'NP', country_of_birth: 'NP', nationality: 'NP' };
  async function newPassport(given: object = {}): Promise<number> {
    const client_id = await newClient(given);
    expect((await ask('POST', 'passports/', { client_id, ...passport })).status).toBe(200);
    return client_id;
  }
  const readings = async (id: number) =>
    (await entries(`entity=passport&operation=read&record_id=${id}`)).results;

  test('of one client is logged with who did it and from where', async () => {
    const id = await newPassport({ branch_id: 1 });
    expect((await ask('GET', `passports/${id}/`, undefined, 'branch1')).status).toBe(200);
    expect(await readings(id)).toMatchObject([
      {
        user: idOf('branch1'),
        username: 'branch1',
        address: '127.0.0.1',
        record_id: id,
        record_ids: null,
        before: null,
      },
    ]);
  });

  test('in a list is one entry, which is found by each of them', async () => {
    const ids = [await newPassport(), await newPassport()];
    const { count } = await entries('operation=read');
    const { body: shown } = await ask('GET', 'passports/');
    expect((await entries('operation=read')).count).toBe(count + 1);
    for (const id of ids) {
      const [entry] = await readings(id);
      expect(entry).toMatchObject({ user: idOf('admin'), record_id: null });
      expect(entry.record_ids).toEqual(
        shown
          .map((one: { client_id: number }) => one.client_id)
          .sort((one: number, other: number) => one - other),
      );
    }
  });

  test('by a change of nothing is logged, by a real one the change', async () => {
    const id = await newPassport({ branch_id: 1 });
    const change = (given: object) => ask('PATCH', `passports/${id}/`, given, 'branch1');
    for (const given of [{}, { passport_no: 'N1' }])
      expect((await change(given)).body.passport_no).toBe('N1');
    expect(await readings(id)).toMatchObject([{ user: idOf('branch1') }, { user: idOf('branch1') }]);
    expect((await change({ passport_no: 'N2' })).body.passport_no).toBe('N2');
    expect(await readings(id)).toHaveLength(2);
    const changes = await entries(`entity=passport&operation=change&record_id=${id}`);
    expect(changes.results).toMatchObject([{ user: idOf('branch1'), after: { passport_no: 'N2' } }]);
  });

  test('that were not shown is not logged', async () => {
    const id = await newPassport();
    const before = (await entries('operation=read')).count;
    expect((await ask('GET', `passports/${id}/`, undefined, 'branch1')).status).toBe(403);
    expect((await ask('GET', 'passports/?client_id=999999')).body).toEqual([]);
    expect((await ask('GET', 'passports/999999/')).status).toBe(404);
    expect((await entries('operation=read')).count).toBe(before);
  });
});

test('the entities that the documentation names are those whose tables are logged', async () => {
  const { rows } = await withOwner(app.databases.owner, (client) =>
    client.query<{ entity: string }>(
      `SELECT DISTINCT split_part(encode(tgargs, 'escape'), '\\000', 1) AS entity FROM pg_trigger t
       JOIN pg_class c ON c.oid = t.tgrelid
       WHERE relnamespace = 'tenant_main'::regnamespace AND starts_with(tgname, 'audit_') ORDER BY 1`,
    ),
  );
  // The agency's settings have no table of their own: the function that changes them writes the entry.
  const logged = [...rows.map(({ entity }) => entity), 'agency_settings'];
  expect(logged.sort()).toEqual([...ENTITIES].sort());
});

test('the list ends with its newest 10,000 entries, and `to` shows what lies behind', async () => {
  await withOwner(app.databases.owner, (client) =>
    client.query(`INSERT INTO tenant_main.audit_entry (at, operation, entity, record_id)
      SELECT timestamptz '2026-01-01' + n * interval '1 s', 'change', 'narrowfield', n FROM generate_series(1, 10100) n`),
  );
  const page = (query: string) => entries(`entity=narrowfield&page_size=100&${query}`);
  const records = ({ results }: { results: { record_id: number }[] }) => results.map((one) => one.record_id);
  expect((await page('page=1')).count).toBe(10_000);
  const last = await page('page=last');
  expect([records(last).at(-1), last.next]).toEqual([101, null]);
  expect((await page('page=101')).results).toBeUndefined();
  const behind = await page('to=2026-01-01T00:01:41Z');
  expect([behind.count, records(behind)[0]]).toEqual([100, 100]);
});
