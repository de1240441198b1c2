import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../../../test/helpers/app.js';
import { idOf, STAFF, seedStaff } from '../../../test/helpers/staff.js';
import { statement } from '../../database/statement.js';

const PATH = '/api/v1/users/';
let app: TestApp;
const tokens: Record<string, string> = {};

beforeAll(async () => {
  app = await startTestApp();
  await seedStaff(app); // regions 1 (branches 1, 2) and 2 (branch 3)
  for (const name of [
    'admin',
    'manager1',
    'manager2',
    'branch1',
    'branch3',
    'consultant1',
    'homeless',
    'root',
    'groupless',
  ]) {
    tokens[name] = await app.logIn(name);
  }
});
afterAll(() => app?.close());

const ask = (name: string, method: string, path: string, body?: object) =>
  app.ask(method, PATH + path, { token: tokens[name], body });
const query = <Row>(sql: string, values: unknown[] = []) =>
  app.database.tenantQuery<Row>({ schema: 'tenant_main', userId: null }, statement<Row>(sql, values));
const seen = async (name: string, search = '') =>
  (await ask(name, 'GET', search)).body.results.map(({ username }: { username: string }) => username);

let made = 0;
/** Returns a body that creates a consultant, with these changes. */
const person = (other: object = {}) => {
  made++;
  const name = {
    username: `person${made}`,
    email: `person${made}@example.org`,
    first_name: 'Pema',
    last_name: 'Lama',
  };
  return { ...name, password: 'zebra-Crossing-42', group_name: 'CONSULTANT', ...other };
};

describe('the list', () => {
  test('is of the users in scope, by id', async () => {
    expect(await seen('admin', '?page_size=1000')).toEqual(STAFF.map(({ username }) => username));
    expect(await seen('root')).toHaveLength(STAFF.length);
    const one = ['admin', 'branch1', 'consultant1', 'consultant12', 'groupless', 'gone'];
    expect(await seen('branch1')).toEqual(one);
    expect(await seen('branch3')).toEqual(['branch3', 'consultant3']);
    // By region: those of the region itself, and those of its branches.
    expect(await seen('manager1')).toEqual([
      'admin',
      'manager1',
      'branch1',
      'consultant1',
      'consultant12',
      'groupless',
      'gone',
    ]);
    expect(await seen('manager2')).toEqual(['manager2', 'branch3', 'consultant3']);
  });

  test('is open only to who may make or change users', async () => {
    for (const name of ['consultant1', 'groupless']) {
      for (const path of ['', '1/']) expect((await ask(name, 'GET', path)).status).toBe(403);
    }
  });

  test('lets everybody read their own record, and change it only who may change users', async () => {
    for (const name of ['consultant1', 'groupless']) {
      const own = `${idOf(name)}/`;
      expect((await ask(name, 'GET', own)).body).toMatchObject({ username: name });
      expect((await ask(name, 'PATCH', own, { first_name: 'x' })).status).toBe(403);
      for (const path of [`${own}x`, `0${own}`]) {
        expect([path, [403, 404].includes((await ask(name, 'GET', path)).status)]).toEqual([path, true]);
      }
    }
  });

  test('is filtered', async () => {
    expect(await seen('admin', '?search=CONSULTANT1')).toEqual(['consultant1', 'consultant12']);
    expect(await seen('admin', '?search=first%20branch')).toEqual(['branch1', 'branch3']);
    expect(await seen('admin', '?email=MANAGER2@')).toEqual(['manager2']);
    expect(await seen('admin', '?is_active=false')).toEqual(['gone']);
    expect(await seen('admin', '?group=REGION_MANAGER&group[]=BRANCH_ADMIN')).toEqual([
      'manager1',
      'manager2',
      'branch1',
      'branch3',
    ]);
    expect(await seen('admin', '?group=NOBODY')).toEqual([]);
    expect(await seen('admin', '?branch_id=2')).toEqual(['manager1', 'consultant12']);
    expect(await seen('admin', '?region_id=2')).toEqual(['manager2']);
    expect(await seen('admin', '?branch_id=9223372036854775808')).toEqual([]);
    expect((await ask('admin', 'GET', '?region_id=x')).body).toEqual({
      region_id: ['A valid integer is required.'],
    });
  });

  test('shows up to 1,000 at once', async () => {
    const { body } = await ask('admin', 'GET', '?page_size=5000&page=last');
    expect([body.count, body.results.length]).toEqual([STAFF.length, STAFF.length]);
    expect((await ask('admin', 'GET', '?page=2&page_size=5')).body.previous).toBe(
      'http://main.localhost/api/v1/users/?page_size=5',
    );
  });

  test('shows groups, branches, regions and own permissions of each', async () => {
    const { body } = await ask('manager1', 'GET', `${idOf('manager1')}/`);
    expect(body).toMatchObject({
      full_name: 'First manager1 Last manager1',
      groups_list: ['REGION_MANAGER'],
      groups_list_display: ['Region Manager'],
      primary_group: 'REGION_MANAGER',
      primary_group_display: 'Region Manager',
      branches_data: [{ id: 2, name: 'Two' }],
      regions_data: [{ id: 1, name: 'North' }],
      user_permissions_list: [],
      is_superuser: false,
      last_login: null,
    });
    expect((await ask('admin', 'GET', `${idOf('groupless')}/`)).body).toMatchObject({
      groups_list: [],
      groups_list_display: [],
      primary_group: null,
      primary_group_display: null,
    });
    expect(body).not.toHaveProperty('password');
  });

  test('who is out of scope is not found, whatever is asked', async () => {
    const id = idOf('consultant3');
    for (const [method, path, body] of [
      ['GET', `${id}/`],
      ['PATCH', `${id}/`, { email: 'x' }],
      ['DELETE', `${id}/`],
      ['POST', `${id}/assign-permissions/`, {}],
      ['POST', `${id}/set-password/`, {}],
    ] as const) {
      const answer = await ask('branch1', method, path, body);
      expect([path, answer.status, answer.body]).toEqual([path, 404, { detail: 'User not found' }]);
    }
  });
});

test('whom work can be given to, anyone may ask: the active in scope', async () => {
  expect(await seen('consultant1', 'assignable/')).toEqual([
    'admin',
    'branch1',
    'consultant1',
    'consultant12',
    'groupless',
  ]);
  expect(await seen('consultant1', 'assignable/?is_active=false')).toEqual(['gone']);
  expect(await seen('homeless', 'assignable/')).toEqual([]);
  expect(await seen('groupless', 'assignable/')).toEqual([]);
  expect((await ask('admin', 'GET', 'assignable/?search=root')).body.results).toEqual([
    {
      id: idOf('root'),
      full_name: 'First root Last root',
      email: 'root@example.com',
      primary_group: null,
      primary_group_display: null,
      username: 'root',
    },
  ]);
});

test('the profile tells what a user may do', async () => {
  const permissions = async (name: string) =>
    (await ask(name, 'GET', 'profile/')).body.permissions as {
      codename: string;
      name: string;
      content_type: string;
    }[];
  expect(await permissions('groupless')).toEqual([]);
  const consultant = await permissions('consultant1');
  expect(consultant).toContainEqual({
    codename: 'add_client',
    name: 'Can add client',
    content_type: 'immigration.client',
  });
  expect(consultant.some(({ codename }) => codename === 'delete_client')).toBe(false);
  // A superuser without group sees the permissions of SUPER_ADMIN, with those on groups.
  expect(await permissions('root')).toEqual(await permissions('admin'));
  expect(await permissions('admin')).toHaveLength(132);
});

describe('creating', () => {
  test('makes a user who can log in, and works where they were placed, in that order', async () => {
    const body = person({
      username: 'Pema.Lama',
      branch_ids: [2, 1, 2],
      region_ids: null,
      tenant_id: 7,
      is_superuser: true,
    });
    const created = await ask('admin', 'POST', '', body);
    expect(created.status).toBe(201);
    expect(created.body).toMatchObject({
      username: 'Pema.Lama',
      full_name: 'Pema Lama',
      groups_list: ['CONSULTANT'],
      branches_data: [
        { id: 2, name: 'Two' },
        { id: 1, name: 'One' },
      ],
      regions_data: [],
      is_active: true,
      is_staff: false,
      is_superuser: false,
    });
    const { username, password } = body;
    expect((await app.ask('POST', '/api/token/', { body: { username, password } })).status).toBe(200);
    const [row] = await query<{ password: string }>(`SELECT password FROM immigration_user WHERE id = $1`, [
      created.body.id,
    ]);
    expect(row?.password).toMatch(/^argon2\$argon2id\$/);
  });

  test('checks fields', async () => {
    const refused = async (other: object) => {
      const answer = await ask('admin', 'POST', '', person(other));
      expect(answer.status).toBe(400);
      return answer.body;
    };
    expect(await refused({ username: 'ab' })).toEqual({
      username: ['Ensure this field has at least 3 characters.'],
    });
    expect(await refused({ username: 'a b c' })).toEqual({
      username: [
        'Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.',
      ],
    });
    expect(await refused({ email: 'nonsense' })).toEqual({ email: ['Enter a valid email address.'] });
    expect(await refused({ group_name: 'KING' })).toEqual({ group_name: ['"KING" is not a valid choice.'] });
    expect(await refused({ branch_ids: [1, 99] })).toEqual({
      branch_ids: ['Invalid pk "99" - object does not exist.'],
    });
    expect(await refused({ region_ids: [9223372036854775000] })).toMatchObject({
      region_ids: [expect.stringMatching(/^Invalid pk/)],
    });
  });

  test('wants a good password', async () => {
    const problems = async (password: string, other: object = {}) =>
      (await ask('admin', 'POST', '', person({ password, ...other }))).body.password;
    expect(await problems('Ab1!xyz')).toEqual([
      'This password is too short. It must contain at least 8 characters.',
    ]);
    expect(await problems('Password123')).toEqual(['This password is too common.']);
    expect(await problems('8529637410')).toEqual(['This password is entirely numeric.']);
    expect(await problems('dolmasherpa1', { username: 'dolmasherpa' })).toEqual([
      'The password is too similar to the username.',
    ]);
    expect(await problems('dorjetamang', { email: 'dorjetamang@example.org' })).toEqual([
      'The password is too similar to the email address.',
    ]);
  });

  test('refuses a name or an address that somebody has, whatever its case', async () => {
    const body = person({ username: 'CONSULTANT1', email: 'Branch1@Example.com' });
    expect((await ask('admin', 'POST', '', body)).body).toEqual({
      username: ['A user with this username already exists.'],
      email: ['A user with this email already exists.'],
    });
    // Letters that only look different are the same.
    expect((await ask('admin', 'POST', '', person({ username: 'ｃｏｎｓｕｌｔａｎｔ１' }))).body).toEqual({
      username: ['A user with this username already exists.'],
    });
  });
});

describe('changing', () => {
  const create = async (other: object = {}) =>
    (await ask('admin', 'POST', '', person({ branch_ids: [1], ...other }))).body.id as number;

  test('changes only what is given', async () => {
    const id = await create();
    const before = (await ask('admin', 'GET', `${id}/`)).body;
    const { body } = await ask('admin', 'PATCH', `${id}/`, {
      first_name: ' Tashi ',
      email: 'tashi@example.org',
      username: 'other',
    });
    expect(body).toEqual({
      ...before,
      first_name: 'Tashi',
      full_name: 'Tashi Lama',
      email: 'tashi@example.org',
    });
    expect((await ask('admin', 'PATCH', `${id}/`, {})).body).toEqual(body);
    expect((await ask('admin', 'PATCH', `${id}/`, { email: 'TASHI@example.org' })).body.email).toBe(
      'TASHI@example.org',
    );
    expect((await ask('admin', 'PATCH', `${id}/`, { email: 'root@EXAMPLE.com' })).body).toEqual({
      email: ['A user with this email already exists.'],
    });
    expect((await ask('admin', 'PATCH', `${id}/`, { first_name: '' })).body).toEqual({
      first_name: ['This field may not be blank.'],
    });
  });

  test('replaces branches and regions, and empties them', async () => {
    const id = await create({ region_ids: [2] });
    const places = ({ body }: { body: Record<string, { id: number }[]> }) =>
      [body.branches_data, body.regions_data].map((list) => list?.map((place) => place.id));
    expect(places(await ask('admin', 'PATCH', `${id}/`, { branch_ids: [3, 2] }))).toEqual([[3, 2], [2]]);
    expect(places(await ask('admin', 'PATCH', `${id}/`, { region_ids: [1, 2] }))).toEqual([
      [3, 2],
      [1, 2],
    ]);
    expect(places(await ask('admin', 'PATCH', `${id}/`, { branch_ids: [], region_ids: null }))).toEqual([
      [],
      [],
    ]);
    expect((await ask('admin', 'PATCH', `${id}/`, { branch_ids: [99], first_name: 'X' })).status).toBe(400);
  });

  test('counts for the very next request, here and in another process', async () => {
    const other = await startTestApp({ sharing: app });
    try {
      const body = person({ branch_ids: [1] });
      const { id } = (await ask('admin', 'POST', '', body)).body;
      const { access } = (await app.ask('POST', '/api/token/', { body })).body;
      const count = async (at: TestApp) => {
        const answer = await at.ask('GET', `${PATH}assignable/?search=branch3`, { token: access });
        return answer.body.count ?? answer.status;
      };
      for (const at of [app, other]) expect(await count(at)).toBe(0);
      await ask('admin', 'PATCH', `${id}/`, { branch_ids: [3] });
      expect(await count(app)).toBe(1);
      await expect.poll(() => count(other)).toBe(1);
      await ask('admin', 'DELETE', `${id}/`);
      expect(await count(app)).toBe(401);
      await expect.poll(() => count(other)).toBe(401);
    } finally {
      await other.close();
    }
  });
});

test('permissions of their own are replaced as a whole', async () => {
  const id = (await ask('admin', 'POST', '', person())).body.id;
  const assign = (permission_ids: unknown) =>
    ask('admin', 'POST', `${id}/assign-permissions/`, { permission_ids });
  const held = (answer: Awaited<ReturnType<typeof assign>>) =>
    answer.body.user_permissions_list.map((item: { content_type: string; id: number }) => [
      item.id,
      item.content_type,
    ]);
  expect(held(await assign([17, 5, 17]))).toEqual([
    [5, 'immigration.agent'],
    [17, 'immigration.client'],
  ]);
  expect(held(await assign(['6']))).toEqual([[6, 'immigration.agent']]);
  expect((await assign([])).body).toEqual({ permission_ids: ['This list may not be empty.'] });
  expect((await ask('admin', 'POST', `${id}/assign-permissions/`, {})).body).toEqual({
    permission_ids: ['This field is required.'],
  });
  expect((await assign([6, 4_000_000_000])).body).toEqual({
    permission_ids: ['Invalid pk "4000000000" - object does not exist.'],
  });
  expect((await assign([135])).status).toBe(400); // on groups: not shown, not granted
  expect(held(await assign([6]))).toEqual([[6, 'immigration.agent']]);
});
