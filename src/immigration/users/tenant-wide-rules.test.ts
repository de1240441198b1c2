import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../../../test/helpers/app.js';
import { idOf, STAFF, seedStaff } from '../../../test/helpers/staff.js';
import { prepareAccount } from '../../auth/new-account.js';
import { createSuperuser } from '../../auth/superusers.js';
import { withOwner } from '../../database/owner.js';
import { statement } from '../../database/statement.js';

const PATH = '/api/v1/users/';
const LAST = { detail: 'The last active SUPER_ADMIN cannot be removed, demoted or disabled' };
let app: TestApp;
/** A second process on the same database: the rules must hold between processes. */
let other: TestApp;
const tokens: Record<string, string> = {};

const query = <Row>(sql: string, values: unknown[] = []) =>
  app.database.tenantQuery<Row>({ schema: 'tenant_main', userId: null }, statement<Row>(sql, values));
const setLimit = async (limit: number) => {
  await withOwner(app.databases.owner, (client) =>
    client.query(`UPDATE public.tenants_tenant SET max_users = $1 WHERE schema_name = 'tenant_main'`, [
      limit,
    ]),
  );
  for (const process of [app, other]) await process.noticesArrived();
};

beforeAll(async () => {
  app = await startTestApp();
  await seedStaff(app);
  other = await startTestApp({ sharing: app });
  for (const name of ['admin', 'root', 'branch1']) tokens[name] = await app.logIn(name);
});
afterAll(async () => {
  await other?.close();
  await app?.close();
});

let made = 0;
const person = (given: object = {}) => {
  made++;
  const name = {
    username: `person${made}`,
    email: `person${made}@example.org`,
    first_name: 'Pema',
    last_name: 'Lama',
  };
  return { ...name, password: 'zebra-Crossing-42', group_name: 'CONSULTANT', branch_ids: [1], ...given };
};
const ask = (name: string, method: string, path: string, body?: object, at = app) =>
  at.ask(method, PATH + path, { token: tokens[name], body });
/** Runs work concurrently, half of it in the other process. */
const together = <T>(count: number, work: (at: TestApp, index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, index) => work(index % 2 ? other : app, index)));

describe('the tenant’s limit of active users', () => {
  const active = async () =>
    (await query<{ n: number }>('SELECT count(*)::integer AS n FROM immigration_user WHERE is_active'))[0]!.n;

  test('is kept, however many are created at the same moment', async () => {
    const before = await active();
    await setLimit(before + 2);
    const answers = await together(8, (at) => ask('admin', 'POST', '', person(), at));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 400, 400, 400, 400, 400, 400]);
    expect(answers.find(({ status }) => status === 400)?.body).toEqual({
      detail: `The limit of ${before + 2} active users is reached`,
    });
    expect(await active()).toBe(before + 2);
  });

  test('counts the active only: others may be created, but not enabled', async () => {
    const { status, body } = await ask('admin', 'POST', '', person({ is_active: false }));
    expect([status, body.is_active]).toEqual([201, false]);
    expect((await ask('admin', 'PATCH', `${body.id}/`, { is_active: true })).status).toBe(400);
    expect((await ask('admin', 'PATCH', `${body.id}/`, { first_name: 'X' })).status).toBe(200);
    const another = (await ask('admin', 'GET', '?search=person&is_active=true')).body.results[0];
    expect((await ask('admin', 'DELETE', `${another.id}/`)).status).toBe(204);
    const answers = await together(4, (at) => ask('admin', 'PATCH', `${body.id}/`, { is_active: true }, at));
    expect(answers.map(({ status: answered }) => answered)).toEqual([200, 200, 200, 200]);
    expect((await ask('admin', 'POST', '', person())).status).toBe(400);
  });
});

describe('names and addresses', () => {
  beforeAll(() => setLimit(500));

  test('go to one of those who want them at the same moment, whatever the case', async () => {
    for (const field of ['username', 'email']) {
      const values = ['same@example.org', 'Same@Example.org', 'SAME@EXAMPLE.ORG', 'sAmE@example.org'];
      const answers = await together(4, (at, index) =>
        ask('admin', 'POST', '', person({ [field]: values[index] }), at),
      );
      expect(answers.map(({ status }) => status).sort()).toEqual([201, 400, 400, 400]);
      for (const { status, body } of answers) if (status === 400) expect(Object.keys(body)).toEqual([field]);
    }
  });

  test('also of those who change', async () => {
    const ids: number[] = [];
    for (let index = 0; index < 4; index++) ids.push((await ask('admin', 'POST', '', person())).body.id);
    const answers = await together(4, (at, index) =>
      ask('admin', 'PATCH', `${ids[index]}/`, { email: 'moved@example.org' }, at),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400, 400, 400]);
  });

  test('and not to somebody at the console, at that moment', async () => {
    const account = await prepareAccount({
      username: 'Console',
      email: 'Console@example.org',
      password: 'x',
    });
    for (let round = 0; round < 5; round++) {
      const body = person({ username: 'console', email: 'console@example.org' });
      const results = await Promise.allSettled([
        createSuperuser(app.database, 'tenant_main', account),
        ask('admin', 'POST', '', body).then(({ status }) => {
          if (status !== 201) throw new Error(String(status));
        }),
      ]);
      expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      await query(`DELETE FROM immigration_user WHERE lower(username) = 'console'`);
    }
  });
});

describe('the last active SUPER_ADMIN', () => {
  /** Two users, both superusers, so that each may change the other. */
  const second = idOf('manager1');
  const admins = () =>
    query<{ id: number }>(
      `SELECT u.id FROM immigration_user u JOIN immigration_user_groups ug ON ug.user_id = u.id
       WHERE ug.group_id = 1 AND u.is_active ORDER BY u.id`,
    );

  beforeEach(async () => {
    await query('UPDATE immigration_user SET is_active = true WHERE id <= $1', [STAFF.length]);
    await query('UPDATE immigration_user SET is_superuser = true WHERE id = $1', [second]);
    await query('DELETE FROM immigration_user_groups WHERE user_id = ANY ($1)', [[idOf('admin'), second]]);
    await query('INSERT INTO immigration_user_groups (user_id, group_id) VALUES ($1, 1), ($2, 1)', [
      idOf('admin'),
      second,
    ]);
    for (const name of ['admin', 'manager1']) tokens[name] = await app.logIn(name);
  });

  test('is neither demoted nor disabled', async () => {
    const admin = `${idOf('admin')}/`;
    expect((await ask('admin', 'PATCH', `${second}/`, { is_active: false })).status).toBe(200);
    for (const [method, body] of [
      ['PATCH', { group_name: 'REGION_MANAGER' }],
      ['PATCH', { is_active: false, first_name: 'Z' }],
      ['DELETE', undefined],
    ] as const) {
      expect(await ask('root', method, admin, body)).toMatchObject({ status: 400, body: LAST });
    }
    expect((await ask('root', 'GET', admin)).body).toMatchObject({
      is_active: true,
      primary_group: 'SUPER_ADMIN',
      first_name: 'First admin',
    });
    expect((await ask('root', 'PATCH', admin, { first_name: 'Ada' })).status).toBe(200);
    // An inactive one is no longer the last.
    expect((await ask('root', 'PATCH', `${second}/`, { group_name: 'CONSULTANT' })).status).toBe(200);
  });

  test.each(['PATCH', 'DELETE'])('of two who %s each other at the same moment one stays', async (method) => {
    for (let round = 0; round < 8; round++) {
      await query('UPDATE immigration_user SET is_active = true WHERE id <= $1', [STAFF.length]);
      await query('UPDATE immigration_user_groups SET group_id = 1 WHERE user_id = ANY ($1)', [
        [idOf('admin'), second],
      ]);
      for (const name of ['admin', 'manager1']) tokens[name] = await app.logIn(name);
      const body = method === 'PATCH' ? { group_name: 'CONSULTANT' } : undefined;
      const answers = await Promise.all([
        ask('admin', method, `${second}/`, body, app),
        ask('manager1', method, `${idOf('admin')}/`, body, other),
      ]);
      expect(answers.filter(({ status }) => status < 300)).toHaveLength(1);
      expect(answers.find(({ status }) => status >= 300)?.status).toBeLessThan(500);
      expect(await admins()).toHaveLength(1);
    }
  });

  test('of two whom others demote and disable at the same moment one stays', async () => {
    for (let round = 0; round < 8; round++) {
      await query('UPDATE immigration_user SET is_active = true WHERE id <= $1', [STAFF.length]);
      await query('UPDATE immigration_user_groups SET group_id = 1 WHERE user_id = ANY ($1)', [
        [idOf('admin'), second],
      ]);
      const answers = await Promise.all([
        ask('root', 'PATCH', `${second}/`, { group_name: 'CONSULTANT' }, app),
        ask('root', 'DELETE', `${idOf('admin')}/`, undefined, other),
      ]);
      expect(answers.map(({ status }) => status).sort()).toContain(400);
      expect(answers.find(({ status }) => status === 400)?.body).toEqual(LAST);
      expect(await admins()).toHaveLength(1);
    }
  });
});
