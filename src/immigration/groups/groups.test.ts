import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../../../test/helpers/app.js';
import { idOf, seedStaff } from '../../../test/helpers/staff.js';
import { statement } from '../../database/statement.js';

const PATH = '/api/v1/groups/';
let app: TestApp;
const tokens: Record<string, string> = {};

const query = (sql: string, values: unknown[] = []) =>
  app.database.tenantQuery({ schema: 'tenant_main', userId: null }, statement(sql, values));

beforeAll(async () => {
  app = await startTestApp();
  await seedStaff(app);
  // A SUPER_ADMIN who is not a superuser; and a branch admin who may change groups.
  await query('UPDATE immigration_user_groups SET group_id = 1 WHERE user_id = $1', [idOf('consultant3')]);
  await query(
    `INSERT INTO immigration_user_user_permissions (user_id, permission_id)
     SELECT u.id, p.id FROM immigration_user u, auth_permission p
     WHERE u.username IN ('branch1', 'consultant3') AND p.codename IN ('add_group', 'change_group', 'delete_group')`,
  );
  for (const name of ['admin', 'consultant3', 'branch1', 'branch3', 'consultant1'])
    tokens[name] = await app.logIn(name);
});
afterAll(() => app?.close());

const ask = (name: string, method: string, path = '', body?: object) =>
  app.ask(method, PATH + path, { token: tokens[name], body });
let made = 0;
const create = async (permission_ids: number[] = []) => {
  made++;
  return (await ask('admin', 'POST', '', { name: `Desk ${made}`, permission_ids })).body.id as number;
};

describe('the list', () => {
  test('shows each group with its permissions', async () => {
    const { body } = await ask('branch3', 'GET');
    expect(body.results.map(({ name }: { name: string }) => name)).toEqual([
      'SUPER_ADMIN',
      'REGION_MANAGER',
      'BRANCH_ADMIN',
      'CONSULTANT',
    ]);
    const { permissions_list, ...consultants } = body.results[3];
    expect(consultants).toEqual({
      id: 4,
      name: 'CONSULTANT',
      display_name: 'Consultant',
      permissions_count: permissions_list.length,
      users_count: 4,
    });
    expect(permissions_list).toContainEqual({
      id: 17,
      name: 'Can add client',
      content_type: 'immigration.client',
    });
    expect((await ask('consultant1', 'GET')).status).toBe(403);
    expect((await ask('admin', 'GET', '99/')).body).toEqual({ detail: 'Group not found' });
  });
});

describe('a group', () => {
  test('is created, renamed, given other permissions and deleted', async () => {
    const created = await ask('admin', 'POST', '', { name: ' Front desk ', permission_ids: [17, 20] });
    expect(created).toMatchObject({
      status: 201,
      body: { name: 'Front desk', permissions_count: 2, users_count: 0 },
    });
    const path = `${created.body.id}/`;
    expect((await ask('admin', 'PUT', path, { name: 'Reception' })).body).toMatchObject({
      name: 'Reception',
      permissions_count: 2,
    });
    expect(
      (await ask('admin', 'PATCH', path, { permission_ids: [20, 5] })).body.permissions_list.map(
        ({ id }: { id: number }) => id,
      ),
    ).toEqual([5, 20]);
    expect(
      (await ask('admin', 'POST', `${path}assign-permissions/`, { permission_ids: [6] })).body
        .permissions_list,
    ).toEqual([{ id: 6, name: 'Can change agent', content_type: 'immigration.agent' }]);
    expect((await ask('admin', 'POST', `${path}assign-permissions/`, { permission_ids: [] })).status).toBe(
      400,
    );
    expect((await ask('admin', 'PATCH', path, { permission_ids: [] })).body.permissions_list).toEqual([]);
    expect((await ask('admin', 'DELETE', path)).status).toBe(204);
    expect((await ask('admin', 'GET', path)).status).toBe(404);
  });

  test('has a name of its own', async () => {
    const id = await create();
    const taken = { name: ['group with this name already exists.'] };
    expect((await ask('admin', 'POST', '', { name: 'CONSULTANT' })).body).toEqual(taken);
    expect((await ask('admin', 'PATCH', `${id}/`, { name: 'CONSULTANT' })).body).toEqual(taken);
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => ask('admin', 'POST', '', { name: 'Wanted' })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 400, 400, 400]);
  });

  test('a built-in one is neither deleted nor renamed', async () => {
    for (const id of [1, 2, 3, 4]) {
      expect(await ask('admin', 'DELETE', `${id}/`)).toMatchObject({
        status: 400,
        body: { detail: 'A built-in group cannot be deleted' },
      });
      expect((await ask('admin', 'PATCH', `${id}/`, { name: 'Other' })).body).toEqual({
        name: ['The name of a built-in group cannot be changed.'],
      });
    }
    expect((await ask('admin', 'PATCH', '4/', { name: 'CONSULTANT' })).status).toBe(200);
  });
});

describe('rights', () => {
  test('nobody grants a permission that they do not hold; what is there already may stay', async () => {
    const id = await create([9]); // add_branch, which branch admins do not have
    const assign = (name: string, permission_ids: number[], group = id) =>
      ask(name, 'POST', `${group}/assign-permissions/`, { permission_ids });
    expect((await assign('branch1', [9, 17])).status).toBe(200);
    expect(await assign('branch1', [10])).toMatchObject({
      status: 403,
      body: { detail: 'You cannot grant a permission that you do not hold: immigration.change_branch' },
    });
    expect((await ask('branch1', 'PATCH', `${id}/`, { permission_ids: [10] })).status).toBe(403);
    expect((await ask('branch1', 'POST', '', { name: 'Theirs', permission_ids: [10] })).status).toBe(403);
    expect((await ask('branch1', 'POST', '', { name: 'Theirs', permission_ids: [17] })).status).toBe(201);
  });

  test('nobody changes the group that they are in, nor those that are not theirs to give', async () => {
    for (const [name, groups] of [
      ['consultant3', [1]],
      ['branch1', [1, 2, 3]],
    ] as const) {
      for (const group of groups) {
        expect([
          name,
          group,
          (await ask(name, 'POST', `${group}/assign-permissions/`, { permission_ids: [17] })).status,
        ]).toEqual([name, group, 403]);
      }
    }
    const own = await create([17]);
    await query('INSERT INTO immigration_user_groups (user_id, group_id) VALUES ($1, $2)', [
      idOf('branch1'),
      own,
    ]);
    await expect
      .poll(async () => (await ask('branch1', 'PATCH', `${own}/`, { permission_ids: [18] })).status)
      .toBe(403);
    expect((await ask('branch1', 'DELETE', `${own}/`)).status).toBe(403);
    await query('DELETE FROM immigration_user_groups WHERE group_id = $1', [own]);
  });

  test('what is not shown stays when the shown is replaced', async () => {
    const ids = (await ask('admin', 'GET', '1/')).body.permissions_list.map(({ id }: { id: number }) => id);
    expect((await ask('admin', 'PATCH', '1/', { permission_ids: ids })).body.permissions_count).toBe(130);
    // SUPER_ADMIN may still see and change groups.
    expect((await ask('consultant3', 'GET')).status).toBe(200);
  });

  test('count for the very next request', async () => {
    const status = async () =>
      (await app.ask('GET', '/api/v1/clients/', { token: tokens.consultant1 })).status;
    const ids = (await ask('admin', 'GET', '4/')).body.permissions_list.map(({ id }: { id: number }) => id);
    expect(await status()).toBe(200);
    await ask('admin', 'PATCH', '4/', { permission_ids: ids.filter((id: number) => id !== 20) });
    expect(await status()).toBe(403);
    await ask('admin', 'PATCH', '4/', { permission_ids: ids });
    expect(await status()).toBe(200);
  });
});

describe('permissions', () => {
  test('are shown to anyone, by app, model and codename, up to 1,000 at once', async () => {
    const { body } = await app.ask('GET', '/api/v1/permissions/?page_size=1000', {
      token: tokens.consultant1,
    });
    expect([body.count, body.results.length]).toEqual([130, 130]);
    expect(body.results[0]).toEqual({
      id: 5,
      name: 'Can add agent',
      content_type: 'immigration.agent',
      content_type_display: 'agent',
    });
    const types = new Set(body.results.map(({ content_type }: { content_type: string }) => content_type));
    expect([...types].filter((type) => /event$|group|auth/.test(type as string))).toEqual([
      'immigration.calendarevent',
    ]);
    expect(body.results.find(({ id }: { id: number }) => id === 29)).toMatchObject({
      content_type_display: 'language proficiency exam',
    });
  });

  test('one by one, but not those of the inside', async () => {
    const read = (id: number) => app.ask('GET', `/api/v1/permissions/${id}/`, { token: tokens.consultant1 });
    expect((await read(133)).body).toMatchObject({
      name: 'Can view team calendar events',
      content_type_display: 'calendar event',
    });
    for (const id of [105, 136, 999])
      expect(await read(id)).toMatchObject({ status: 404, body: { detail: 'Permission not found' } });
  });
});
