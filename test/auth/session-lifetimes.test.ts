import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withOwner } from '../../src/database/owner.js';
import { statement } from '../../src/database/statement.js';
import { PASSWORD, startTestApp, type TestApp } from '../helpers/app.js';
import { seedStaff } from '../helpers/staff.js';
import { claimsOf, forge } from './forge.js';

let app: TestApp;
let admin: string;

beforeAll(async () => {
  app = await startTestApp({
    environment: {
      SESSION_LIFETIME: '90000',
      ACCESS_TOKEN_LIFETIME: '14400',
      REFRESH_TOKEN_LIFETIME: '86400',
    },
  });
  await seedStaff(app);
  await withOwner(app.databases.owner, (client) =>
    client.query(`UPDATE public.tenants_tenant SET created_at = now() - interval '2 days'`),
  );
  admin = await app.logIn('admin');
});
afterAll(() => app?.close());

const logIn = async () =>
  (await app.ask('POST', '/api/token/', { body: { username: 'consultant1', password: PASSWORD } })).body as {
    access: string;
    refresh: string;
  };
const refresh = (token: string) => app.ask('POST', '/api/token/refresh/', { body: { refresh: token } });
const lifeOf = (token: string) => claimsOf(token).exp - claimsOf(token).iat;
const setAgency = async (sessions: object) => {
  const answer = await app.ask('PATCH', '/api/v1/agency-settings/', { token: admin, body: { sessions } });
  expect(answer.status).toBe(200);
  expect(answer.body.sessions).toMatchObject(sessions);
};
/** Makes a session older by some seconds. */
const age = (token: string, seconds: number) =>
  app.database.tenantQuery(
    { schema: 'tenant_main', userId: null },
    statement('UPDATE user_session SET created_at = created_at - make_interval(secs => $2) WHERE sid = $1', [
      claimsOf(token).sid,
      seconds,
    ]),
  );

describe('the platform’s lifetime of a session', () => {
  test('bounds both tokens, whatever theirs is, and ends the session', async () => {
    const first = await logIn();
    expect([lifeOf(first.access), lifeOf(first.refresh)]).toEqual([14_400, 86_400]);
    await age(first.refresh, 80_000);
    const { body: second } = await refresh(first.refresh);
    for (const token of [second.access, second.refresh]) {
      expect(Math.abs(lifeOf(token) - 10_000)).toBeLessThanOrEqual(5);
    }
    await age(second.refresh, 10_001);
    expect((await refresh(second.refresh)).body).toEqual({
      detail: 'Token is expired',
      code: 'token_not_valid',
    });
  });

  test('goes on over the end of all other sessions', async () => {
    const first = await logIn();
    await age(first.refresh, 80_000);
    const asked = { token: first.access, body: { refresh: first.refresh } };
    const { body } = await app.ask('POST', '/api/v1/sessions/end-all/', asked);
    expect(lifeOf(body.refresh)).toBeLessThanOrEqual(10_005);
  });
});

describe('an agency', () => {
  test('shortens both lifetimes, for sessions that began before too', async () => {
    const before = await logIn();
    await setAgency({ lifetime_hours: 2, idle_minutes: 30 });
    const short = async () => {
      const pair = await logIn();
      return [lifeOf(pair.access), lifeOf(pair.refresh)];
    };
    await expect.poll(short).toEqual([900, 1_800]);
    const claims = claimsOf(before.refresh);
    const idle = forge({ ...claims, iat: claims.iat - 1_801 }, app.config.secretKey);
    expect((await refresh(idle)).body.detail).toBe('Token is expired');
    const endAll = { token: before.access, body: { refresh: idle } };
    const kept = await app.ask('POST', '/api/v1/sessions/end-all/', endAll);
    expect([kept.status, kept.body]).toEqual([400, { refresh: ['Token is expired'] }]);
    const { body: pair } = await refresh(before.refresh);
    await age(pair.refresh, 7_201);
    expect((await refresh(pair.refresh)).body.detail).toBe('Token is expired');
  });

  test('does not lengthen them, nor sets what makes no sense', async () => {
    await setAgency({ lifetime_hours: 8_000, idle_minutes: 500_000 });
    await expect
      .poll(async () => {
        const pair = await logIn();
        return [lifeOf(pair.access), lifeOf(pair.refresh)];
      })
      .toEqual([14_400, 86_400]);
    await setAgency({ lifetime_hours: null, idle_minutes: null });
    for (const sessions of [{ lifetime_hours: 0 }, { idle_minutes: 4 }, { idle_minutes: 'x' }]) {
      const answer = await app.ask('PATCH', '/api/v1/agency-settings/', { token: admin, body: { sessions } });
      expect([answer.status, Object.keys(answer.body)]).toEqual([400, ['sessions']]);
    }
  });
});
