import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { statement } from '../../src/database/statement.js';
import { startTestApp, type TestApp } from '../helpers/app.js';
import { idOf, seedStaff } from '../helpers/staff.js';
import { claimsOf, forge } from './forge.js';

let app: TestApp;
let key: string;

beforeAll(async () => {
  app = await startTestApp();
  key = app.config.secretKey;
  await seedStaff(app);
  await seedStaff(app, 'tenant_demo');
});
afterAll(() => app?.close());

async function post(path: 'refresh' | 'blacklist' | 'verify' | '', body: unknown, host = 'main') {
  const {
    status,
    body: answer,
    headers,
  } = await app.ask('POST', `/api/token/${path && `${path}/`}`, { host, body });
  if (status === 401) expect(headers['www-authenticate']).toBe('Bearer realm="api"');
  return [status, answer];
}
const logIn = async (username = 'admin', host = 'main') =>
  (await post('', { username, password: 'Passw0rd!23' }, host))[1] as { access: string; refresh: string };
const query = <Row>(sql: string, values: unknown[] = [], schema = 'tenant_main') =>
  app.database.tenantQuery<Row>({ schema, userId: null }, statement<Row>(sql, values));

const refused = (detail: string) => [401, { detail, code: 'token_not_valid' }];
const BLACKLISTED = refused('Token is blacklisted');
const WRONG_TENANT = [
  401,
  {
    detail:
      'Token is not valid for this tenant. Please log in at the correct subdomain. (Expected: demo, Got: main)',
  },
];

describe('refresh', () => {
  test('gives a new pair, and the used token is good for nothing any more', async () => {
    const first = await logIn('consultant1');
    const [status, second] = await post('refresh', { refresh: first.refresh });
    expect([status, Object.keys(second).sort()]).toEqual([200, ['access', 'refresh']]);
    const [old, fresh] = [claimsOf(first.refresh), claimsOf(second.refresh)];
    expect(fresh).toEqual({
      ...old,
      jti: expect.stringMatching(/^[0-9a-f]{32}$/),
      iat: expect.any(Number),
      exp: expect.any(Number),
    });
    expect(fresh.jti).not.toBe(old.jti);
    expect([fresh.exp - fresh.iat, claimsOf(second.access).token_type]).toEqual([86_400, 'access']);
    for (const path of ['refresh', 'blacklist', 'verify'] as const) {
      expect(await post(path, { refresh: first.refresh, token: first.refresh })).toEqual(BLACKLISTED);
    }
    // Somebody else may have used it, so the new pair is ended (session-ends.test.ts).
    expect(await post('refresh', { refresh: second.refresh })).toEqual(BLACKLISTED);
    const again = await logIn('consultant1');
    const [, third] = await post('refresh', { refresh: again.refresh });
    expect((await post('refresh', { refresh: third.refresh }))[0]).toBe(200);
    expect((await app.ask('GET', '/api/v1/clients/', { token: third.access })).status).toBe(200);
  });

  test('reads user and groups afresh', async () => {
    const { refresh } = await logIn('consultant3');
    const id = idOf('consultant3');
    await query(`UPDATE immigration_user SET email = 'new@example.com', username = 'renamed' WHERE id = $1`, [
      id,
    ]);
    await query(
      `UPDATE immigration_user_groups SET group_id = (SELECT id FROM auth_group WHERE name = 'BRANCH_ADMIN') WHERE user_id = $1`,
      [id],
    );
    const [, pair] = await post('refresh', { refresh });
    for (const token of [pair.access, pair.refresh]) {
      expect(claimsOf(token)).toMatchObject({
        email: 'new@example.com',
        username: 'renamed',
        groups: ['BRANCH_ADMIN'],
      });
    }
  });

  test('is refused to a user who is gone or switched off', async () => {
    const none = [401, { detail: 'No active account found for the given token.' }];
    const [first, second] = [await logIn('branch3'), await logIn('branch3')];
    await query(`UPDATE immigration_user SET is_active = false WHERE id = $1`, [idOf('branch3')]);
    expect(await post('refresh', { refresh: first.refresh })).toEqual(none);
    const nobody = forge({ ...claimsOf(second.refresh), user_id: '999999', jti: 'f'.repeat(32) }, key);
    expect(await post('refresh', { refresh: nobody })).toEqual(none);
    // Nothing was used up: switched on again, the token is good.
    await query(`UPDATE immigration_user SET is_active = true WHERE id = $1`, [idOf('branch3')]);
    expect((await post('refresh', { refresh: first.refresh }))[0]).toBe(200);
  });

  test('of two at the same moment exactly one succeeds', async () => {
    for (let round = 0; round < 20; round++) {
      const { refresh } = await logIn();
      const answers = await Promise.all([post('refresh', { refresh }), post('refresh', { refresh })]);
      expect(answers.map(([status]) => status).sort()).toEqual([200, 401]);
      expect(answers.find(([status]) => status === 401)).toEqual(BLACKLISTED);
    }
  });

  test('of a refresh and a log-out at the same moment one succeeds', async () => {
    for (let round = 0; round < 10; round++) {
      const { refresh } = await logIn();
      const answers = await Promise.all([post('refresh', { refresh }), post('blacklist', { refresh })]);
      expect(answers.map(([status]) => status).sort()).toEqual([200, 401]);
    }
  });

  test('works for a token whose row was cleaned up, once', async () => {
    const { refresh } = await logIn();
    await query('DELETE FROM token_blacklist_outstandingtoken WHERE jti = $1', [claimsOf(refresh).jti]);
    expect((await post('refresh', { refresh }))[0]).toBe(200);
    expect(await post('refresh', { refresh })).toEqual(BLACKLISTED);
  });
});

describe('what is stored', () => {
  test('every refresh token issued, and every one revoked', async () => {
    const rows = (jti: string) =>
      query<{ token: string; user: number; expires: number; revoked: boolean }>(
        `SELECT o.token, o.user_id AS user, extract(epoch FROM o.expires_at)::bigint AS expires,
                b.id IS NOT NULL AS revoked
         FROM token_blacklist_outstandingtoken o LEFT JOIN token_blacklist_blacklistedtoken b ON b.token_id = o.id
         WHERE o.jti = $1`,
        [jti],
      );
    const { access, refresh } = await logIn('branch1');
    const { jti, exp } = claimsOf(refresh);
    const row = {
      token: createHash('sha256').update(refresh).digest('hex'),
      user: idOf('branch1'),
      expires: exp,
    };
    expect(await rows(jti)).toEqual([{ ...row, revoked: false }]);
    expect(await rows(claimsOf(access).jti)).toEqual([]);
    const [, next] = await post('refresh', { refresh });
    expect(await rows(jti)).toEqual([{ ...row, revoked: true }]);
    expect(await rows(claimsOf(next.refresh).jti)).toMatchObject([{ revoked: false }]);
    await post('blacklist', { refresh: next.refresh });
    expect(await rows(claimsOf(next.refresh).jti)).toMatchObject([{ revoked: true }]);
  });
});

describe('log-out', () => {
  test('revokes a refresh token, once', async () => {
    const { refresh } = await logIn();
    expect(await post('blacklist', { refresh })).toEqual([200, {}]);
    expect(await post('blacklist', { refresh })).toEqual(BLACKLISTED);
    expect(await post('refresh', { refresh })).toEqual(BLACKLISTED);
  });

  test('leaves other log-ins alone', async () => {
    const [first, second] = [await logIn(), await logIn()];
    await post('blacklist', { refresh: first.refresh });
    expect((await post('refresh', { refresh: second.refresh }))[0]).toBe(200);
  });
});

describe('verify', () => {
  test('knows both kinds of token', async () => {
    const { access, refresh } = await logIn();
    expect(await post('verify', { token: access })).toEqual([200, {}]);
    expect(await post('verify', { token: refresh })).toEqual([200, {}]);
  });
});

describe('at all three', () => {
  const paths = ['refresh', 'blacklist', 'verify'] as const;
  const everywhere = async (token: unknown, host = 'main') => {
    const answers = [];
    for (const path of paths) answers.push(await post(path, { refresh: token, token }, host));
    return answers;
  };
  const thrice = (answer: unknown) => [answer, answer, answer];

  test('a token is required, as text that is not blank', async () => {
    for (const path of paths) {
      const field = path === 'verify' ? 'token' : 'refresh';
      expect(await post(path, {})).toEqual([400, { [field]: ['This field is required.'] }]);
      expect(await post(path, { [field]: ' ' })).toEqual([
        400,
        { [field]: ['This field may not be blank.'] },
      ]);
      expect(await post(path, { [field]: null })).toEqual([
        400,
        { [field]: ['This field may not be null.'] },
      ]);
      expect(await post(path, { [field]: ['x'] })).toEqual([400, { [field]: ['Not a valid string.'] }]);
      expect(await post(path, { [field]: 'a\0b' })).toEqual([
        400,
        { [field]: ['Null characters are not allowed.'] },
      ]);
    }
  });

  test('garbage, other algorithms, other keys and what is expired are refused', async () => {
    const { refresh } = await logIn();
    const claims = claimsOf(refresh);
    for (const token of [
      'abc.def.ghi',
      'x',
      forge(claims, 'another key'),
      forge(claims, key, 'none'),
      forge(claims, key, 'HS512'),
      `${refresh}x`,
    ]) {
      expect(await everywhere(token)).toEqual(thrice(refused('Token is invalid')));
    }
    expect(await everywhere(forge({ ...claims, exp: 1 }, key))).toEqual(thrice(refused('Token is expired')));
    const { jti: _jti, ...noId } = claims;
    expect(await everywhere(forge(noId, key))).toEqual(thrice(refused('Token has no id')));
    expect((await everywhere(forge({ ...claims, jti: { a: 1 } }, key))).map(([status]) => status)).toEqual([
      401, 401, 401,
    ]);
    expect((await post('refresh', { refresh }))[0]).toBe(200);
  });

  test('a token of another tenant is refused in the words of an access token’s', async () => {
    const { refresh } = await logIn();
    expect(await everywhere(refresh, 'demo')).toEqual(thrice(WRONG_TENANT));
    const { tid: _tid, ...homeless } = claimsOf(refresh);
    const missing = [401, { detail: 'Invalid token: missing tenant information. Please log in again.' }];
    expect(await everywhere(forge(homeless, key))).toEqual(thrice(missing));
    expect((await post('refresh', { refresh }))[0]).toBe(200);
  });

  test('an access token refreshes and revokes nothing', async () => {
    const { access } = await logIn();
    const wrong = refused('Token has wrong type');
    expect(await post('refresh', { refresh: access })).toEqual(wrong);
    expect(await post('blacklist', { refresh: access })).toEqual(wrong);
    const { token_type: _type, ...untyped } = claimsOf(access);
    expect(await post('refresh', { refresh: forge(untyped, key) })).toEqual(refused('Token has no type'));
  });

  test('each tenant has a list of its own', async () => {
    const { refresh } = await logIn();
    const twin = forge({ ...claimsOf(refresh), tid: 'demo', aud: 'demo' }, key);
    expect((await post('blacklist', { refresh: twin }, 'demo'))[0]).toBe(200);
    expect((await post('refresh', { refresh }))[0]).toBe(200);
  });
});
