import { afterAll, beforeAll, expect, test } from 'vitest';
import { withOwner } from '../../src/database/owner.js';
import { divertSecurityLines, type SecurityLine } from '../../src/platform/security-lines.js';
import { PASSWORD, startTestApp, type TestApp } from '../helpers/app.js';
import { idOf, seedStaff } from '../helpers/staff.js';
import { claimsOf } from './forge.js';

let app: TestApp;
let admin: string;
const lines: SecurityLine[] = [];
beforeAll(async () => {
  app = await startTestApp({ environment: { LOGIN_FAILURES_PER_ACCOUNT: '3' } });
  await seedStaff(app);
  admin = await app.logIn('admin');
  divertSecurityLines((line) => lines.push(line));
});
afterAll(async () => {
  divertSecurityLines(null);
  await app?.close();
});

const headers = { 'user-agent': 'phone/2\u00e9' };
const logIn = (username: string, password = PASSWORD) =>
  app.ask('POST', '/api/token/', { body: { username, password }, headers });
const eventsAbout = async (name: string) => {
  const { body } = await app.ask('GET', '/api/v1/security-log/?page_size=100', { token: admin });
  const found = body.results.filter(({ username }: { username: string }) => username === name).reverse();
  return found as Record<string, unknown>[];
};

test('a log-in and a log-out are events of one session', async () => {
  const { body, headers: answered } = await logIn('consultant1');
  await app.ask('POST', '/api/token/blacklist/', { body: { refresh: body.refresh }, headers });
  const { sid } = claimsOf(body.refresh);
  const of = { user: idOf('consultant1'), address: '127.0.0.1', session_id: sid, actor: idOf('consultant1') };
  expect(await eventsAbout('consultant1')).toMatchObject([
    { kind: 'login', ...of, request_id: answered['x-request-id'] },
    { kind: 'logout', ...of },
  ]);
});

test('failures are events, although the request fails, and so is the lock that they cause', async () => {
  for (let i = 0; i < 5; i++) await logIn('branch1', `wrong ${i}`);
  const events = await eventsAbout('branch1');
  expect(events.map(({ kind, detail }) => [kind, detail])).toEqual([
    ['login_failed', null],
    ['login_failed', null],
    ['login_failed', null],
    ['login_locked', { locked: 'account' }],
  ]);
  expect(events[0]).toMatchObject({
    user: idOf('branch1'),
    actor: null,
    agent: expect.stringContaining('phone/2'),
  });
});

test('an unknown name is kept as it was tried, neutralised and cut', async () => {
  await logIn(`evil\n{"log":"security","event":"login"}${'x'.repeat(300)}`);
  const { body } = await app.ask('GET', '/api/v1/security-log/?kind=login_failed', { token: admin });
  const [{ user, username }] = body.results;
  expect([user, username.length]).toEqual([null, 150]);
  expect(username).toMatch(/^evil\?\{"log"/);
});

test('a change of the own password, and a wrong guess at the present one, are events', async () => {
  const token = await app.logIn('manager1');
  const change = (current_password: string) =>
    app.ask('POST', '/api/v1/users/change-password/', {
      token,
      body: { current_password, new_password: 'Namche-Bazaar-3440' },
    });
  expect((await change('wrong')).status).toBe(400);
  expect((await change(PASSWORD)).status).toBe(200);
  expect((await eventsAbout('manager1')).slice(1).map(({ kind, detail }) => [kind, detail])).toEqual([
    ['login_failed', { during: 'change of the password' }],
    ['password_changed', { how: 'own' }],
  ]);
});

test('a log-in that cannot be recorded does not happen, and a failure is not counted silently', async () => {
  const rename = (from: string, to: string) =>
    withOwner(app.databases.owner, (client) =>
      client.query(`ALTER FUNCTION tenant_main.${from} RENAME TO ${to}`),
    );
  await rename('security_record', 'security_recorded');
  try {
    expect((await logIn('consultant1')).status).toBe(503);
    expect((await logIn('consultant1', 'wrong')).status).toBe(503);
  } finally {
    await rename('security_recorded', 'security_record');
  }
  const { rows } = await withOwner(app.databases.owner, (client) =>
    client.query("SELECT failures FROM tenant_main.login_failure WHERE key = 'consultant1'"),
  );
  expect(rows).toEqual([]);
  expect((await logIn('consultant1')).status).toBe(200);
});

test('neither passwords nor tokens are in the log or its lines', async () => {
  const { body } = await logIn('root');
  const { body: all } = await app.ask('GET', '/api/v1/security-log/?page_size=100', { token: admin });
  const shown = JSON.stringify([all, lines]);
  expect(lines.length).toBeGreaterThan(5);
  for (const secret of [PASSWORD, 'Namche-Bazaar-3440', 'wrong 1', body.refresh, body.access.slice(-30)])
    expect(shown).not.toContain(secret);
});
