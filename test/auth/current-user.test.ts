import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { withOwner } from '../../src/database/owner.js';
import { TABLE_VERSIONS } from '../../src/database/table-versions.js';
import { startTestApp, type TestApp } from '../helpers/app.js';
import { idOf, seedStaff } from '../helpers/staff.js';

const CLIENTS = '/api/v1/clients/';

let app: TestApp;
const tokens: Record<string, string> = {};
const clients: Record<number, number> = {}; // branch → a client of it

beforeAll(async () => {
  app = await startTestApp();
  await seedStaff(app);
  for (const name of ['admin', 'consultant1', 'consultant3', 'manager1', 'groupless', 'branch1']) {
    tokens[name] = await app.logIn(name);
  }
  for (const branch_id of [1, 2, 3]) {
    const body = { first_name: 'Maya', gender: 'FEMALE', country: 'NP', branch_id };
    clients[branch_id] = (await app.ask('POST', CLIENTS, { token: tokens.admin, body })).body.id;
  }
});
afterAll(() => app?.close());

/** Makes a change from outside the program, which sees it a moment later. */
async function change(sql: string, values: unknown[] = []): Promise<void> {
  await withOwner(app.databases.owner, async (client) => {
    await client.query('SET search_path TO tenant_main');
    await client.query(sql, values);
  });
  await app.noticesArrived();
}

const list = (name: string) => app.ask('GET', CLIENTS, { token: tokens[name] });
const status = async (name: string) => (await list(name)).status;
const seen = async (name: string) =>
  (await list(name)).body.results.map(({ branch }: { branch: number }) => branch).sort();

describe('a change by plain SQL is seen by the next request', () => {
  test('of the account: switched off and on, renamed, removed', async () => {
    const id = idOf('consultant3');
    expect(await status('consultant3')).toBe(200);
    await change('UPDATE immigration_user SET is_active = false WHERE id = $1', [id]);
    expect((await list('consultant3')).body).toEqual({ detail: 'User is inactive', code: 'user_inactive' });
    await change(`UPDATE immigration_user SET is_active = true, username = 'carla' WHERE id = $1`, [id]);
    const outside = await app.ask('GET', `${CLIENTS}${clients[1]}/`, { token: tokens.consultant3 });
    expect(outside.body.detail).toBe(`User carla does not have permission to access client ${clients[1]}`);
    await change('DELETE FROM immigration_user_groups WHERE user_id = $1', [id]);
    await change('DELETE FROM immigration_user_branches WHERE user_id = $1', [id]);
    await change('DELETE FROM token_blacklist_outstandingtoken WHERE user_id = $1', [id]);
    await change('DELETE FROM immigration_user WHERE id = $1', [id]);
    expect((await list('consultant3')).body).toEqual({ detail: 'User not found', code: 'user_not_found' });
  });

  test('of a group’s grants', async () => {
    const grant = `SELECT g.id, p.id FROM auth_group g, auth_permission p
                   WHERE g.name = 'CONSULTANT' AND p.codename = 'view_client'`;
    expect(await status('consultant1')).toBe(200);
    await change(`DELETE FROM auth_group_permissions WHERE (group_id, permission_id) IN (${grant})`);
    expect(await status('consultant1')).toBe(403);
    expect(await status('manager1')).toBe(200);
    await change(`INSERT INTO auth_group_permissions (group_id, permission_id) ${grant}`);
    expect(await status('consultant1')).toBe(200);
  });

  test('of a user’s own grants, superuser’s rights included', async () => {
    const id = idOf('consultant1');
    const archive = () => app.ask('DELETE', `${CLIENTS}${clients[1]}/`, { token: tokens.consultant1 });
    expect((await archive()).status).toBe(403);
    await change(
      `INSERT INTO immigration_user_user_permissions (user_id, permission_id)
       SELECT $1, id FROM auth_permission WHERE codename = 'delete_client'`,
      [id],
    );
    expect((await archive()).status).toBe(204);
    await change('DELETE FROM immigration_user_user_permissions WHERE user_id = $1', [id]);
    const restore = () => app.ask('POST', `${CLIENTS}${clients[1]}/restore/`, { token: tokens.consultant1 });
    expect((await restore()).status).toBe(403);
    await change('UPDATE immigration_user SET is_superuser = true WHERE id = $1', [id]);
    expect((await restore()).status).toBe(200);
    await change('UPDATE immigration_user SET is_superuser = false WHERE id = $1', [id]);
    expect((await archive()).status).toBe(403);
  });

  test('of a user’s groups', async () => {
    const id = idOf('groupless');
    expect(await status('groupless')).toBe(403);
    await change(
      `INSERT INTO immigration_user_groups (user_id, group_id) SELECT $1, id FROM auth_group WHERE name = 'SUPER_ADMIN'`,
      [id],
    );
    expect(await seen('groupless')).toEqual([1, 2, 3]);
    await change(
      `UPDATE immigration_user_groups SET group_id = (SELECT id FROM auth_group WHERE name = 'CONSULTANT') WHERE user_id = $1`,
      [id],
    );
    expect(await seen('groupless')).toEqual([1]);
    await change('DELETE FROM immigration_user_groups WHERE user_id = $1', [id]);
    expect(await status('groupless')).toBe(403);
  });

  test('of branches and regions', async () => {
    expect(await seen('branch1')).toEqual([1]);
    await change('INSERT INTO immigration_user_branches (user_id, branch_id) VALUES ($1, 3)', [
      idOf('branch1'),
    ]);
    expect(await seen('branch1')).toEqual([1, 3]);
    await change('DELETE FROM immigration_user_branches WHERE user_id = $1 AND branch_id = 1', [
      idOf('branch1'),
    ]);
    expect(await seen('branch1')).toEqual([3]);

    expect(await seen('manager1')).toEqual([1, 2]);
    await change('UPDATE immigration_branch SET region_id = 1 WHERE id = 3');
    expect(await seen('manager1')).toEqual([1, 2, 3]);
    await change('UPDATE immigration_branch SET deleted_at = now() WHERE id = 2');
    expect(await seen('manager1')).toEqual([1, 3]);
    await change('UPDATE immigration_user_regions SET region_id = 2 WHERE user_id = $1', [idOf('manager1')]);
    expect(await seen('manager1')).toEqual([]);
  });
});

test('what did not change is not asked for again', async () => {
  await list('admin');
  const asked = vi.spyOn(app.database, 'tenantQuery'); // reads the user; lists have transactions of their own
  // Whether a list is still as it was is asked each time.
  const forUser = () => asked.mock.calls.filter(([, query]) => query !== TABLE_VERSIONS);
  for (let i = 0; i < 20; i++) expect(await status('admin')).toBe(200);
  expect(forUser()).toEqual([]);
  await change('UPDATE immigration_user SET is_active = is_active WHERE id = $1', [idOf('admin')]);
  expect(await status('admin')).toBe(200);
  expect(forUser()).toHaveLength(1);
  asked.mockRestore();
});
