import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withOwner } from '../../src/database/owner.js';

import { createTenantSchema, dropTenantSchema } from '../../src/provisioning/tenant-schema.js';

import { startTestApp, type TestApp } from '../helpers/app.js';
import { idOf, seedStaff } from '../helpers/staff.js';
import { claimsOf, forge } from './forge.js';

const CLIENTS = '/api/v1/clients/';

let app: TestApp;
let key: string;
let pair: { access: string; refresh: string };

beforeAll(async () => {
  app = await startTestApp();
  key = app.config.secretKey;
  await seedStaff(app);
  await seedStaff(app, 'tenant_demo');
  pair = await logIn('consultant12');
});
afterAll(() => app?.close());

async function logIn(username: string, host = 'main') {
  const body = { username, password: 'Passw0rd!23' };
  const answer = await app.ask('POST', '/api/token/', { host, body });
  expect(answer.status).toBe(200);
  return answer.body;
}

async function withToken(token: string, host = 'main') {
  const { status, body, headers } = await app.ask('GET', CLIENTS, { token, host });
  if (status === 401) expect(headers['www-authenticate']).toBe('Bearer realm="api"');
  return [status, body];
}

const notValid = (message: string) => [
  401,
  {
    detail: 'Given token not valid for any token type',
    code: 'token_not_valid',
    messages: [{ token_class: 'AccessToken', token_type: 'access', message }],
  },
];

describe('a log-in gives two tokens', () => {
  test('with the claims of the user and the tenant', async () => {
    const before = Math.floor(Date.now() / 1000);
    const { access, refresh } = await logIn('consultant12');
    const lifetimes = { access: 4 * 3600, refresh: 24 * 3600 };
    for (const [token, type] of [
      [access, 'access'],
      [refresh, 'refresh'],
    ] as const) {
      const claims = claimsOf(token);
      expect(claims).toEqual({
        token_type: type,
        exp: claims.iat + lifetimes[type],
        iat: expect.any(Number),
        jti: expect.stringMatching(/^[0-9a-f]{32}$/),
        user_id: String(idOf('consultant12')),
        tid: 'main',
        iss: 'leopard',
        aud: 'main',
        sid: expect.stringMatching(/^[0-9a-f]{32}$/),
        email: 'consultant12@example.com',
        username: 'consultant12',
        groups: ['CONSULTANT'],
      });
      expect(claims.iat).toBeGreaterThanOrEqual(before);
      expect(claims.iat).toBeLessThanOrEqual(Date.now() / 1_000);
      expect(JSON.parse(Buffer.from(token.split('.')[0] as string, 'base64url').toString())).toEqual({
        alg: 'HS256',
        typ: 'JWT',
        kid: expect.stringMatching(/^[0-9a-f]{16}$/),
      });
    }
    expect(claimsOf(access).jti).not.toBe(claimsOf(refresh).jti);
    expect(claimsOf(access).sid).toBe(claimsOf(refresh).sid);
  });

  test('with no group where the user has none', async () => {
    expect(claimsOf((await logIn('root')).access).groups).toEqual([]);
    expect(claimsOf((await logIn('admin', 'demo')).access).tid).toBe('demo');
  });

  test('that live as long as the settings say', async () => {
    const short = await startTestApp({
      environment: { ACCESS_TOKEN_LIFETIME: '60', REFRESH_TOKEN_LIFETIME: '120', SECRET_KEY: key },
    });
    try {
      await seedStaff(short);
      const body = { username: 'admin', password: 'Passw0rd!23' };
      const { body: tokens } = await short.ask('POST', '/api/token/', { body });
      const lifetime = (token: string) => claimsOf(token).exp - claimsOf(token).iat;
      expect([lifetime(tokens.access), lifetime(tokens.refresh)]).toEqual([60, 120]);
    } finally {
      await short.close();
    }
  });
});

describe('the Authorization header', () => {
  const send = async (authorization: string) => {
    const { status, body } = await app.ask('GET', CLIENTS, { headers: { authorization } });
    return [status, body];
  };
  const none = [401, { detail: 'Authentication credentials were not provided.' }];
  const malformed = [
    401,
    {
      detail: 'Authorization header must contain two space-delimited values',
      code: 'bad_authorization_header',
    },
  ];

  test('of another scheme counts as none', async () => {
    for (const header of [
      '',
      ' ',
      'Basic YTpi',
      `bearer ${pair.access}`,
      `JWT ${pair.access}`,
      pair.access,
    ]) {
      expect(await send(header)).toEqual(none);
    }
  });

  test('wants two words', async () => {
    for (const header of ['Bearer', 'Bearer ', `Bearer ${pair.access} more`, 'Bearer a b c']) {
      expect(await send(header)).toEqual(malformed);
    }
    expect((await send(` Bearer \t ${pair.access} `))[0]).toBe(200);
  });
});

describe('a token is refused', () => {
  const claims = () => claimsOf(pair.access);

  test.each(['x', 'a.b.c', '..', 'null', '{}', 'ey', '💥', `${'x'.repeat(5000)}.y.z`])(
    '%s',
    async (token) => {
      const encoded = /^[\x20-\x7e]*$/.test(token) ? token : encodeURIComponent(token);
      expect(await withToken(encoded)).toEqual(notValid('Token is invalid'));
    },
  );

  test('with another signature, or altered', async () => {
    const [header, payload, signature] = pair.access.split('.') as [string, string, string];
    const richer = Buffer.from(JSON.stringify({ ...claims(), user_id: '1' })).toString('base64url');
    for (const token of [
      forge(claims(), 'another key, of the same length as the real one.'),
      `${header}.${richer}.${signature}`,
      `${header}.${payload}.`,
      `${header}.${payload}`,
      `${header}.${payload}.${signature.slice(0, -2)}`,
      `${header}.${payload}.${signature}.x`,
    ]) {
      expect(await withToken(token)).toEqual(notValid('Token is invalid'));
    }
  });

  test.each(['none', 'HS384', 'HS512', 'RS256', 'ES256'])('of algorithm %s', async (alg) => {
    expect(await withToken(forge(claims(), key, alg))).toEqual(notValid('Token is invalid'));
    expect(await withToken(forge(claims(), '', alg))).toEqual(notValid('Token is invalid'));
  });

  test.each(['None', 'hs256', ''])('that calls its algorithm %j', async (alg) => {
    expect(await withToken(forge(claims(), key, 'HS256', { alg }))).toEqual(notValid('Token is invalid'));
  });

  test('that has expired', async () => {
    const now = Math.floor(Date.now() / 1000);
    expect(await withToken(forge({ ...claims(), exp: now - 1 }, key))).toEqual(notValid('Token is expired'));
    expect(await withToken(forge({ ...claims(), exp: now }, key))).toEqual(notValid('Token is expired'));
    expect((await withToken(forge({ ...claims(), exp: now + 30 }, key)))[0]).toBe(200);
  });

  test.each([
    ['exp', "Token has no 'exp' claim"],
    ['jti', 'Token has no id'],
    ['token_type', 'Token has no type'],
  ])('without %s', async (claim, message) => {
    const { [claim]: _left, ...rest } = claims();
    expect(await withToken(forge(rest, key))).toEqual(notValid(message));
  });

  test.each(['"text"', '7', 'null', '[]', 'true'])('whose claims are %s', async (text) => {
    const [status, body] = await withToken(forge(JSON.parse(text), key));
    expect([status, body.code]).toEqual([401, 'token_not_valid']);
  });

  test('of the other kind', async () => {
    expect(await withToken(pair.refresh)).toEqual(notValid('Token has wrong type'));
    expect(await withToken(forge({ ...claims(), token_type: 'stream' }, key))).toEqual(
      notValid('Token has wrong type'),
    );
  });

  test('of another tenant, or of none', async () => {
    expect(await withToken(pair.access, 'demo')).toEqual([
      401,
      {
        detail:
          'Token is not valid for this tenant. Please log in at the correct subdomain. (Expected: demo, Got: main)',
      },
    ]);
    const missing = [401, { detail: 'Invalid token: missing tenant information. Please log in again.' }];
    for (const tid of [undefined, null, '', 7, {}]) {
      expect(await withToken(forge({ ...claims(), tid }, key))).toEqual(missing);
    }
    const [status] = await withToken(forge({ ...claims(), tid: 'tenant_main' }, key));
    expect(status).toBe(401);
  });

  test('without a user, or of one who is not there', async () => {
    const { user_id: _id, ...nobody } = claims();
    expect(await withToken(forge(nobody, key))).toEqual([
      401,
      { detail: 'Token contained no recognizable user identification', code: 'token_not_valid' },
    ]);
    for (const user_id of [
      '999999',
      '0',
      '-1',
      'x',
      '1.5',
      '9'.repeat(30),
      '1 OR 1=1',
      '\u0000',
      true,
      [1, 2],
      {},
    ]) {
      expect(await withToken(forge({ ...nobody, user_id }, key))).toEqual([
        401,
        { detail: 'User not found', code: 'user_not_found' },
      ]);
    }
    expect((await withToken(forge({ ...nobody, user_id: idOf('consultant12') }, key)))[0]).toBe(200);
  });

  test('of a user who is switched off', async () => {
    const gone = forge({ ...claims(), user_id: String(idOf('gone')) }, key);
    expect(await withToken(gone)).toEqual([401, { detail: 'User is inactive', code: 'user_inactive' }]);
  });

  test('in this order: signature, kind, tenant, user', async () => {
    const wrong = { ...claims(), token_type: 'refresh', tid: 'demo', user_id: '999999' };
    expect((await withToken(forge({ ...wrong, exp: 1 }, key)))[1].messages[0].message).toBe(
      'Token is expired',
    );
    expect((await withToken(forge(wrong, key)))[1].messages[0].message).toBe('Token has wrong type');
    expect((await withToken(forge({ ...wrong, token_type: 'access' }, key)))[1].detail).toMatch(/Got: demo/);
    const unknown = { ...wrong, token_type: 'access', tid: 'main' };
    expect((await withToken(forge(unknown, key)))[1].code).toBe('user_not_found');
  });
});

test('a name used again does not revive the tokens of the earlier tenant', async () => {
  const { owner, app: program } = app.databases;
  const before = await logIn('admin', 'demo');
  expect((await withToken(before.access, 'demo'))[0]).toBe(200);
  await dropTenantSchema(owner, 'tenant_demo');
  await createTenantSchema(owner, program.user, {
    schema: 'tenant_demo',
    name: 'Another agency',
    domains: [{ domain: 'demo.localhost', isPrimary: true }],
    status: 'ACTIVE',
  });
  await seedStaff(app, 'tenant_demo');
  // Tokens contain whole seconds, so the new tenant is dated a second after the old one's tokens.
  await withOwner(owner, (client) =>
    client.query(
      `UPDATE public.tenants_tenant SET created_at = to_timestamp($1) WHERE schema_name = 'tenant_demo'`,
      [claimsOf(before.access).iat + 1],
    ),
  );
  await expect.poll(() => withToken(before.access, 'demo')).toEqual(notValid('Token is invalid'));
  for (const path of ['refresh', 'blacklist', 'verify']) {
    const body = { refresh: before.refresh, token: before.refresh };
    const { status, body: answer } = await app.ask('POST', `/api/token/${path}/`, { host: 'demo', body });
    expect([path, status, answer]).toEqual([
      path,
      401,
      { detail: 'Token is invalid', code: 'token_not_valid' },
    ]);
  }
  await expect
    .poll(async () => (await withToken((await logIn('admin', 'demo')).access, 'demo'))[0])
    .toBe(200);
});
