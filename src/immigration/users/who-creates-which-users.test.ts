import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PASSWORD, startTestApp, type TestApp } from '../../../test/helpers/app.js';
import { idOf, seedStaff } from '../../../test/helpers/staff.js';
import { statement } from '../../database/statement.js';

const PATH = '/api/v1/users/';
const ROLES = ['SUPER_ADMIN', 'REGION_MANAGER', 'BRANCH_ADMIN', 'CONSULTANT'];
let app: TestApp;
const tokens: Record<string, string> = {};

const query = (sql: string, values: unknown[] = []) =>
  app.database.tenantQuery({ schema: 'tenant_main', userId: null }, statement(sql, values));
const grant = (name: string, codename: string) =>
  query(
    `INSERT INTO immigration_user_user_permissions (user_id, permission_id)
     SELECT $1, id FROM auth_permission WHERE codename = $2`,
    [idOf(name), codename],
  );

beforeAll(async () => {
  app = await startTestApp();
  await seedStaff(app); // regions 1 (branches 1, 2) and 2 (branch 3)
  // Leaves only the rules on who may create which roles in the way.
  for (const name of ['manager1', 'consultant1']) {
    for (const verb of ['add_user', 'change_user', 'delete_user'])
      await grant(name, verb).catch(() => undefined);
  }
  // A SUPER_ADMIN who is not a superuser.
  await query(`UPDATE immigration_user_groups SET group_id = 1 WHERE user_id = $1`, [idOf('consultant3')]);
  for (const name of ['admin', 'root', 'consultant3', 'manager1', 'branch1', 'consultant1']) {
    tokens[name] = await app.logIn(name);
  }
});
afterAll(() => app?.close());

const ask = (name: string, method: string, path: string, body?: object) =>
  app.ask(method, PATH + path, { token: tokens[name], body });
let made = 0;
const person = (other: object) => {
  made++;
  const name = {
    username: `person${made}`,
    email: `person${made}@example.org`,
    first_name: 'Pema',
    last_name: 'Lama',
  };
  return { ...name, password: 'zebra-Crossing-42', group_name: 'CONSULTANT', ...other };
};
const create = async (other: object = {}) =>
  (await ask('admin', 'POST', '', person({ branch_ids: [1], ...other }))).body.id as number;
const statusOf = async (name: string, method: string, path: string, body?: object) =>
  (await ask(name, method, path, body)).status;

/** The roles that each may assign: a superuser all, a SUPER_ADMIN all but SUPER_ADMIN. */
const GIVES: Readonly<Record<string, readonly string[]>> = {
  admin: ROLES,
  root: ROLES,
  consultant3: ROLES.slice(1),
  manager1: ['BRANCH_ADMIN', 'CONSULTANT'],
  branch1: ['CONSULTANT'],
  consultant1: [],
};

describe.each(Object.entries(GIVES))('%s', (name, roles) => {
  test('is offered the groups that they may give, by name', async () => {
    const { body } = await app.ask('GET', '/api/v1/groups/options/', { token: tokens[name] });
    expect(body.map((group: { name: string }) => group.name)).toEqual([...roles].sort());
    if (name === 'branch1') expect(body).toEqual([{ id: 4, name: 'CONSULTANT', display_name: 'Consultant' }]);
  });

  test('makes users in those, and in no other', async () => {
    for (const group_name of ROLES) {
      const answer = await ask(name, 'POST', '', person({ group_name, branch_ids: [1] }));
      expect([group_name, answer.status]).toEqual([group_name, roles.includes(group_name) ? 201 : 403]);
    }
  });

  test('changes users in those, into those, and no other', async () => {
    for (const from of ROLES) {
      const id = await create({ group_name: from });
      expect([from, await statusOf(name, 'PATCH', `${id}/`, { first_name: 'X' })]).toEqual([
        from,
        roles.includes(from) ? 200 : 403,
      ]);
      for (const to of ROLES) {
        const allowed = roles.includes(from) && roles.includes(to);
        expect([from, to, await statusOf(name, 'PATCH', `${id}/`, { group_name: to })]).toEqual([
          from,
          to,
          allowed ? 200 : 403,
        ]);
        await ask('admin', 'PATCH', `${id}/`, { group_name: from });
      }
      for (const [path, body] of [
        ['set-password/', { password: 'another-Crossing-42' }],
        ['assign-permissions/', { permission_ids: [17] }],
      ] as const) {
        const status = await statusOf(name, 'POST', `${id}/${path}`, body);
        expect([from, path, status < 300 ? 'done' : status]).toEqual([
          from,
          path,
          roles.includes(from) ? 'done' : 403,
        ]);
      }
      expect([from, await statusOf(name, 'DELETE', `${id}/`)]).toEqual([
        from,
        roles.includes(from) ? 204 : 403,
      ]);
    }
  }, 30_000);
});

describe('places', () => {
  test('a new user of theirs works in their own branches and regions', async () => {
    for (const [name, given, status] of [
      ['branch1', { branch_ids: [1] }, 201],
      ['branch1', { branch_ids: [1, 2] }, 403],
      ['branch1', { branch_ids: [3] }, 403],
      ['branch1', { branch_ids: [] }, 403],
      ['branch1', { branch_ids: [1], region_ids: [1] }, 403],
      ['branch1', { region_ids: [1] }, 403],
      ['manager1', { branch_ids: [1, 2] }, 201],
      ['manager1', { region_ids: [1] }, 201],
      ['manager1', { branch_ids: [3] }, 403],
      ['manager1', { branch_ids: [1], region_ids: [2] }, 403],
      ['manager1', { branch_ids: [], region_ids: [] }, 403],
      ['consultant3', { branch_ids: [] }, 201],
      ['branch1', { branch_ids: [99] }, 400],
    ] as const) {
      expect([name, given, await statusOf(name, 'POST', '', person(given))]).toEqual([name, given, status]);
    }
  });

  test('where nothing is said, in the first branch of who creates them', async () => {
    const branches = async (name: string) => (await ask(name, 'POST', '', person({}))).body.branches_data;
    expect(await branches('branch1')).toEqual([{ id: 1, name: 'One' }]);
    expect(await branches('manager1')).toEqual([{ id: 2, name: 'Two' }]);
    expect(await branches('admin')).toEqual([]);
  });

  test('a user is moved only within them; what stays needs no right', async () => {
    const id = await create({ branch_ids: [1, 3] });
    for (const [branch_ids, status] of [
      [[1], 403],
      [[3], 200],
      [[3, 1], 404],
    ] as const) {
      expect([branch_ids, await statusOf('branch1', 'PATCH', `${id}/`, { branch_ids })]).toEqual([
        branch_ids,
        status,
      ]);
    }
    const other = await create({ branch_ids: [1, 3] });
    expect(await statusOf('branch1', 'PATCH', `${other}/`, { branch_ids: [3, 1], first_name: 'Y' })).toBe(
      200,
    );
    expect(await statusOf('branch1', 'PATCH', `${other}/`, { branch_ids: [1, 2, 3] })).toBe(403);
    // A new role would also hold in branch 3.
    expect(await statusOf('manager1', 'PATCH', `${other}/`, { group_name: 'BRANCH_ADMIN' })).toBe(403);
    expect(await statusOf('manager1', 'PATCH', `${id}/`, { group_name: 'BRANCH_ADMIN' })).toBe(404);
  });

  test('nobody gets into more by setting somebody’s password', async () => {
    const password = 'another-Crossing-42';
    const elsewhere = await create({ branch_ids: [1, 3] });
    expect(await statusOf('branch1', 'POST', `${elsewhere}/set-password/`, { password })).toBe(403);
    expect(await statusOf('branch1', 'PATCH', `${elsewhere}/`, { password })).toBe(403);
    const trusted = await create();
    await ask('admin', 'POST', `${trusted}/assign-permissions/`, { permission_ids: [9] }); // add_branch
    expect(await statusOf('branch1', 'POST', `${trusted}/set-password/`, { password })).toBe(403);
    expect(await statusOf('admin', 'POST', `${trusted}/set-password/`, { password })).toBe(204);
  });
});

describe('one’s own rights', () => {
  const own = 'You cannot change your own groups, permissions or scope';

  test('are not changed by oneself', async () => {
    for (const name of ['admin', 'root', 'manager1', 'branch1']) {
      const id = idOf(name);
      for (const [method, path, body] of [
        ['PATCH', `${id}/`, { group_name: 'CONSULTANT' }],
        ['PATCH', `${id}/`, { branch_ids: [3] }],
        ['PATCH', `${id}/`, { region_ids: [2] }],
        ['POST', `${id}/assign-permissions/`, { permission_ids: [17] }],
      ] as const) {
        if (name === 'root' && path === `${id}/` && 'region_ids' in body) continue;
        const answer = await ask(name, method, path, body);
        if (answer.status === 404) expect(name).toBe('nobody');
        expect([name, body, answer.status, answer.body.detail]).toEqual([name, body, 403, own]);
      }
      expect((await ask(name, 'PATCH', `${id}/`, { is_active: false })).body).toEqual({
        detail: 'You cannot disable yourself',
      });
    }
  });

  test('but name and address are, and what is sent along unchanged does no harm', async () => {
    const { body } = await ask('branch1', 'PATCH', `${idOf('branch1')}/`, {
      first_name: 'New',
      email: 'new.branch1@example.com',
      current_password: PASSWORD,
      group_name: 'BRANCH_ADMIN',
      branch_ids: [1],
      region_ids: [],
      is_active: true,
    });
    expect(body).toMatchObject({
      first_name: 'New',
      email: 'new.branch1@example.com',
      groups_list: ['BRANCH_ADMIN'],
    });
  });

  test('a user neither disables themselves nor sets their own password here', async () => {
    expect((await ask('branch1', 'DELETE', `${idOf('branch1')}/`)).body).toEqual({
      detail: 'You cannot disable yourself',
    });
    for (const [method, path] of [
      ['PATCH', ''],
      ['POST', 'set-password/'],
    ] as const) {
      const answer = await ask('branch1', method, `${idOf('branch1')}/${path}`, {
        password: 'another-Crossing-42',
      });
      expect([answer.status, Object.keys(answer.body)]).toEqual([400, ['password']]);
    }
  });
});

describe('nobody grants a permission that they do not hold', () => {
  test('to a user', async () => {
    const id = await create();
    const assign = (name: string, permission_ids: number[]) =>
      ask(name, 'POST', `${id}/assign-permissions/`, { permission_ids });
    expect(await assign('branch1', [17, 9])).toMatchObject({
      status: 403,
      body: { detail: 'You cannot grant a permission that you do not hold: immigration.add_branch' },
    });
    expect((await assign('branch1', [17])).status).toBe(200);
    expect((await assign('admin', [17, 9])).status).toBe(200);
    expect((await assign('branch1', [9, 5])).status).toBe(200); // existing ones may stay
    expect((await assign('consultant3', [135])).status).toBe(403); // SUPER_ADMIN does not have add_group
  });

  test('a superuser is changed by superusers only, whatever their group', async () => {
    await query('UPDATE immigration_user SET is_superuser = true WHERE id = $1', [idOf('consultant12')]);
    const path = `${idOf('consultant12')}/`;
    expect(await statusOf('branch1', 'PATCH', path, { first_name: 'X' })).toBe(403);
    expect(await statusOf('consultant3', 'DELETE', path)).toBe(403);
    expect(await statusOf('admin', 'PATCH', path, { first_name: 'X' })).toBe(200);
  });

  test('who is in no role is changed only by who sees the whole tenant', async () => {
    const path = `${idOf('groupless')}/`;
    expect(await statusOf('branch1', 'PATCH', path, { first_name: 'X' })).toBe(403);
    expect(await statusOf('consultant3', 'PATCH', path, { first_name: 'X' })).toBe(200);
  });
});
