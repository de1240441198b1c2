import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../../../test/helpers/app.js';
import { idOf, seedStaff } from '../../../test/helpers/staff.js';
import { recordSecurityEvent, type SecurityEvent } from '../../auth/security-log.js';

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

const record = (event: SecurityEvent) =>
  app.database.tenantTransaction({ schema: 'tenant_main', userId: idOf('admin') }, async (transaction) =>
    recordSecurityEvent(transaction, event),
  );
const list = async (query = '', by = 'admin') =>
  await app.ask('GET', `/api/v1/security-log/?${query}`, { token: tokens[by] });

test.each([
  ['admin', 200],
  ['root', 200],
  ['manager1', 403],
  ['branch1', 403],
  ['consultant1', 403],
  ['groupless', 403],
])('%s, who asks for the log, is answered %i', async (name, status) => {
  await record({ kind: 'logout', userId: idOf('consultant1') });
  const [{ id }] = (await list('kind=logout')).body.results;
  expect((await list('', name)).status).toBe(status);
  const one = await app.ask('GET', `/api/v1/security-log/${id}/`, { token: tokens[name] });
  expect(one.status).toBe(status);
});

test('is filtered by kind, user, actor, address and time, and pages, newest first', async () => {
  const from = { address: '2001:db8::9', agent: 'probe/1' };
  for (const name of ['a', 'b', 'c']) await record({ kind: 'login_failed', username: name, from });
  await record({ kind: 'groups_changed', userId: idOf('consultant1'), detail: { added: ['BRANCH_ADMIN'] } });
  const names = async (query: string) =>
    (await list(query)).body.results.map((event: { username: string }) => event.username);
  expect(await names('kind=login_failed&address=2001:DB8::9')).toEqual(['c', 'b', 'a']);
  expect(await names(`kind=groups_changed&user=${idOf('consultant1')}`)).toEqual(['consultant1']);
  expect(await names(`kind=groups_changed&actor=${idOf('admin')}`)).toEqual(['consultant1']);
  expect(await names('kind=login_failed&address=2001:db8::9&page_size=1&page=2')).toEqual(['b']);
  const failures = (await list('kind=login_failed&address=2001:db8::9')).body.results;
  const [to, begin] = [failures[0], failures[2]].map(({ at }: { at: string }) => at.slice(0, 10));
  expect(await names(`kind=login_failed&address=2001:db8::9&from=${begin}&to=${to}`)).toHaveLength(3);
  expect(await names('address=2001:db8::9&to=2020-01-01')).toEqual([]);
  expect((await list('kind=nothing')).body.count).toBe(0);
  const [event] = (await list('kind=groups_changed')).body.results;
  expect(event).toMatchObject({
    user: idOf('consultant1'),
    actor: idOf('admin'),
    actor_name: 'admin',
    count: 1,
    detail: { added: ['BRANCH_ADMIN'] },
  });
  for (const wrong of ['from=soon', 'to=x', 'user=x', 'actor=x']) {
    const { status, body } = await list(wrong);
    expect([status, Object.keys(body)]).toEqual([400, [wrong.split('=')[0]]]);
  }
});
