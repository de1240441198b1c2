import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { statement } from '../../src/database/statement.js';
import { PASSWORD, startTestApp, type TestApp } from '../helpers/app.js';
import { idOf, seedStaff } from '../helpers/staff.js';
import { setUpTotp } from './factors.js';

const GIVEN = 'zebra-Crossing-42';
const NEW = 'zebra-Crossing-43';
let app: TestApp;
let admin: string;

beforeAll(async () => {
  app = await startTestApp();
  await seedStaff(app);
  await seedStaff(app, 'tenant_demo');
  admin = await app.logIn('admin');
});
afterAll(() => app?.close());

const query = <Row>(sql: string, values: unknown[] = []) =>
  app.database.tenantQuery<Row>({ schema: 'tenant_main', userId: null }, statement<Row>(sql, values));
const logIn = (username: string, password: string, more: object = {}) =>
  app.ask('POST', '/api/token/', { body: { username, password, ...more } });
const change = (challenge: string, password: string, host = 'main') =>
  app.ask('POST', '/api/password-change/', { host, body: { challenge, password } });
const demand = (username: string) =>
  app.ask('POST', `/api/v1/users/${idOf(username)}/set-password/`, {
    token: admin,
    body: { password: GIVEN, must_change_password: true },
  });
const isPair = { access: expect.any(String), refresh: expect.any(String) };

describe('a password that has to be changed', () => {
  test('gives no session, but a challenge with which a new one is set', async () => {
    expect((await demand('branch1')).status).toBe(204);
    expect((await logIn('branch1', 'wrong')).body).toEqual({
      detail: 'No active account found with the given credentials',
    });
    const asked = await logIn('branch1', GIVEN);
    expect([asked.status, asked.body]).toEqual([
      401,
      {
        detail: 'Your password must be changed before you can log in.',
        code: 'password_change_required',
        challenge: expect.any(String),
      },
    ]);
    const { challenge } = asked.body;
    for (const [password, message] of [
      [GIVEN, 'The new password must differ from the present one.'],
      ['12345', 'This password is too short. It must contain at least 8 characters.'],
    ] as const) {
      const { status, body } = await change(challenge, password);
      expect([status, body.password[0]]).toEqual([400, message]);
    }
    const done = await change(challenge, NEW);
    expect([done.status, done.body]).toEqual([200, isPair]);
    const profile = await app.ask('GET', '/api/v1/users/profile/', { token: done.body.access });
    expect(profile.body.username).toBe('branch1');
    expect((await logIn('branch1', NEW)).body).toEqual(isPair);
    expect((await logIn('branch1', GIVEN)).body.code).toBeUndefined();
    // The challenge was good once.
    expect((await change(challenge, `${NEW}x`)).status).toBe(401);
  });

  test('is no token, and belongs to one tenant', async () => {
    await demand('branch3');
    const { challenge } = (await logIn('branch3', GIVEN)).body;
    expect((await app.ask('GET', '/api/v1/users/profile/', { token: challenge })).status).toBe(401);
    expect((await app.ask('POST', '/api/token/verify/', { body: { token: challenge } })).status).toBe(401);
    expect((await change(challenge, NEW, 'demo')).status).toBe(401);
    const both = await Promise.all([change(challenge, NEW), change(challenge, `${NEW}x`)]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 401]);
  });

  test('is void once it is demanded anew, or somebody has ended the sessions', async () => {
    await demand('manager1');
    const { challenge } = (await logIn('manager1', GIVEN)).body;
    await demand('manager1');
    expect((await change(challenge, NEW)).status).toBe(401);
  });

  test('is asked for after the second factor', async () => {
    const { recovery } = await setUpTotp(app, await app.logIn('consultant1'), { step: 0 });
    await demand('consultant1');
    const asked = (await logIn('consultant1', GIVEN)).body;
    expect(asked.code).toBe('second_factor_required');
    expect((await change(asked.challenge, NEW)).status).toBe(401);
    const passed = await logIn('consultant1', GIVEN, { code: recovery[0] });
    expect([passed.status, passed.body.code]).toEqual([401, 'password_change_required']);
    // The code was used up by it.
    expect((await logIn('consultant1', GIVEN, { code: recovery[0] })).body.code).toBe(
      'second_factor_invalid',
    );
    expect((await change(passed.body.challenge, NEW)).body).toEqual(isPair);
  });

  test('asked for without a second factor is not changed once there is one', async () => {
    const token = await app.logIn('consultant12');
    await query('INSERT INTO password_demand (user_id) VALUES ($1)', [idOf('consultant12')]);
    const { challenge } = (await logIn('consultant12', PASSWORD)).body;
    await setUpTotp(app, token, { step: 0 });
    expect((await change(challenge, NEW)).status).toBe(401);
  });

  test('is no longer asked for after a change of the own or a link', async () => {
    const token = await app.logIn('consultant3');
    await query('INSERT INTO password_demand (user_id) VALUES ($1)', [idOf('consultant3')]);
    const body = { current_password: PASSWORD, new_password: NEW };
    expect((await app.ask('POST', '/api/v1/users/change-password/', { token, body })).status).toBe(200);
    expect((await logIn('consultant3', NEW)).body).toEqual(isPair);
  });
});
