import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../../../test/helpers/app.js';
import { idOf, seedStaff } from '../../../test/helpers/staff.js';
import { setUpRoles } from '../../auth/role-grants.js';
import { assignScope } from '../../auth/scope-assignment.js';
import { createSuperuser } from '../../auth/superusers.js';

let app: TestApp;
let token: string;
beforeAll(async () => {
  app = await startTestApp();
  await seedStaff(app);
  token = await app.logIn('admin');
});
afterAll(() => app?.close());

const ask = (method: string, path: string, body?: object) =>
  app.ask(method, `/api/v1/${path}`, { token, body, headers: { 'user-agent': 'front end/1' } });
const PASSWORD = 'Namche-Bazaar-3440';

/** Returns the events that work has made, oldest first. */
async function eventsOf(work: () => Promise<unknown>) {
  const list = async () => (await ask('GET', 'security-log/?page_size=50')).body.results;
  const last = (await list())[0]?.id ?? 0;
  await work();
  const made = (await list()).filter((event: { id: number }) => event.id > last);
  return made.reverse();
}
const newUser = async () => {
  const name = `u${Math.random().toString(36).slice(2)}`;
  const given = { username: name, email: `${name}@example.com`, first_name: 'N', last_name: 'N' };
  const body = { ...given, password: PASSWORD, group_name: 'CONSULTANT' };
  const { body: user } = await ask('POST', 'users/', body);
  return { id: user.id, name };
};

test('a new user is an event, with who made it, from where and in which group', async () => {
  let made: { id: number; name: string } | undefined;
  const events = await eventsOf(async () => {
    made = await newUser();
  });
  expect(events).toEqual([
    expect.objectContaining({
      kind: 'user_created',
      user: made?.id,
      username: made?.name,
      actor: idOf('admin'),
      actor_name: 'admin',
      address: '127.0.0.1',
      agent: 'front end/1',
      request_id: expect.stringMatching(/^[\da-f-]{36}$/),
      detail: { group: 'CONSULTANT', active: true },
    }),
  ]);
});

test('each change of credentials and rights is an event; other changes are none', async () => {
  const { id } = await newUser();
  const kinds = async (work: () => Promise<unknown>) =>
    (await eventsOf(work)).map(({ kind, user, detail }: Record<string, unknown>) => {
      expect(user).toBe(id);
      return [kind, detail];
    });
  const change = (body: object) => kinds(() => ask('PATCH', `users/${id}/`, body));
  expect(await change({ first_name: 'Else' })).toEqual([]);
  expect(await change({ email: 'other@example.com' })).toEqual([['email_changed', null]]);
  expect(await change({ group_name: 'BRANCH_ADMIN' })).toEqual([
    ['groups_changed', { added: ['BRANCH_ADMIN'], removed: ['CONSULTANT'] }],
  ]);
  expect(await change({ branch_ids: [1, 2] })).toEqual([['scope_changed', { added_branches: [1, 2] }]]);
  expect(await change({ branch_ids: [2] })).toEqual([['scope_changed', { removed_branches: [1] }]]);
  expect(await change({ password: `${PASSWORD}!` })).toEqual([['password_changed', { how: 'admin' }]]);
  expect(await kinds(() => ask('POST', `users/${id}/set-password/`, { password: PASSWORD }))).toEqual([
    ['password_changed', { how: 'admin' }],
  ]);
  const [permission] = (await ask('GET', 'permissions/')).body.results;
  const grant = { permission_ids: [permission.id] };
  expect(await kinds(() => ask('POST', `users/${id}/assign-permissions/`, grant))).toEqual([
    ['permissions_changed', { added: [expect.stringMatching(/^\w+\.\w+$/)], removed: [] }],
  ]);
  expect(await kinds(() => ask('DELETE', `users/${id}/`))).toEqual([['user_disabled', null]]);
  expect(await change({ is_active: true })).toEqual([['user_enabled', null]]);
});

test('a new password that ends sessions tells their number', async () => {
  await app.logIn('manager1');
  const path = `users/${idOf('manager1')}/set-password/`;
  const events = await eventsOf(() => ask('POST', path, { password: PASSWORD }));
  expect(events.map(({ kind }: { kind: string }) => kind)).toEqual(['password_changed', 'sessions_ended']);
  expect(events[1].detail).toEqual({ ended: 1 });
});

test('what was refused is no event', async () => {
  const { id } = await newUser();
  expect(await eventsOf(() => ask('PATCH', `users/${id}/`, { password: '123' }))).toEqual([]);
});

test('changes of groups are events, with the permissions that were added and removed', async () => {
  const [one, other] = (await ask('GET', 'permissions/')).body.results.map(({ id }: { id: number }) => id);
  const events = await eventsOf(async () => {
    const { body: group } = await ask('POST', 'groups/', { name: 'Night shift', permission_ids: [one] });
    await ask('POST', `groups/${group.id}/assign-permissions/`, { permission_ids: [other] });
    await ask('DELETE', `groups/${group.id}/`);
  });
  const name = expect.stringMatching(/^\w+\.\w+$/);
  expect(events.map(({ kind, detail }: Record<string, unknown>) => [kind, detail])).toEqual([
    ['group_created', { group: 'Night shift', added: [name] }],
    ['group_permissions_changed', { group: 'Night shift', added: [name], removed: [name] }],
    ['group_deleted', { group: 'Night shift' }],
  ]);
});

test('operators’ commands are events too', async () => {
  const events = await eventsOf(async () => {
    const account = { username: 'op', email: 'op@example.com', passwordHash: '!' };
    await createSuperuser(app.database, 'tenant_main', account);
    await assignScope(app.database, 'tenant_main', 'op', { branches: '' });
    await setUpRoles(app.database, 'tenant_main');
  });
  const operators = events.filter(({ actor_name }: { actor_name: string }) => actor_name === 'operator');
  expect(operators.map(({ kind }: { kind: string }) => kind).slice(0, 2)).toEqual([
    'user_created',
    'scope_changed',
  ]);
  expect(operators).toHaveLength(events.length);
});
