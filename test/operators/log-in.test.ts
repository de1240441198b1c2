import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InvalidTokenError, Tokens } from '../../src/auth/tokens.js';
import { withOwner } from '../../src/database/owner.js';
import { startTestApp, type TestApp } from '../helpers/app.js';
import { seedStaff } from '../helpers/staff.js';
import {
  askPlatform,
  challengeFor,
  codeOf,
  enrol,
  HOST,
  loggedIn,
  newOperator,
  PASSWORD,
  PATH,
} from './operators.js';

let app: TestApp;
const post = (path: string, body: unknown, token?: string) =>
  askPlatform(app, 'POST', path, { body, ...(token && { token }) });
const me = (token: string) => askPlatform(app, 'GET', 'me/', { token });
const sql = (text: string, values: unknown[] = []) =>
  withOwner(app.databases.owner, async (client) => (await client.query(text, values)).rows);

beforeAll(async () => {
  app = await startTestApp();
  await seedStaff(app);
});
afterAll(() => app.close());

describe('a log-in', () => {
  it('takes a second factor, which a first log-in sets up', async () => {
    await newOperator(app, 'first');
    const begun = await post('login/', { username: 'first', password: PASSWORD });
    expect(begun).toMatchObject({ status: 200, body: { next: 'enrol' } });
    const { challenge } = begun.body;
    expect(await post('login/second-factor/', { challenge, code: '000000' })).toMatchObject({ status: 401 });
    const totp = await post('login/enrol/', { challenge });
    expect(totp.body.uri).toContain('otpauth://totp/Leopard%20operators:first?secret=');
    expect(await post('login/enrol/confirm/', { challenge, code: '000000' })).toMatchObject({
      status: 401,
      body: { code: 'second_factor_invalid' },
    });
    const code = codeOf(totp.body.secret);
    const done = await post('login/enrol/confirm/', { challenge, code });
    expect(done.status).toBe(200);
    expect(done.body.recovery_codes).toHaveLength(10);
    expect(await me(done.body.access)).toMatchObject({
      status: 200,
      body: { username: 'first', role: 'owner', recovery_codes_left: 10 },
    });
    expect(
      await post('login/enrol/confirm/', { challenge, code: codeOf(totp.body.secret, 1) }),
    ).toMatchObject({ status: 401, body: { code: 'second_factor_challenge_invalid' } });

    const again = await post('login/', { username: 'first', password: PASSWORD });
    expect(again.body.next).toBe('second-factor');
    expect(await post('login/enrol/', { challenge: again.body.challenge })).toMatchObject({ status: 401 });
    // A code is good once, as is a challenge.
    const answer = (code: string) => post('login/second-factor/', { challenge: again.body.challenge, code });
    expect(await answer(code)).toMatchObject({ status: 401 });
    expect(await answer(codeOf(totp.body.secret, 1))).toMatchObject({ status: 200 });
    expect(await answer(done.body.recovery_codes[0])).toMatchObject({ status: 401 });
  });

  it('takes each recovery code once', async () => {
    const { codes } = await loggedIn(app, 'recovering');
    const use = async (code: string) =>
      post('login/second-factor/', { challenge: await challengeFor(app, 'recovering'), code });
    expect(await use(codes[0]!.toLowerCase())).toMatchObject({ status: 200 });
    expect(await use(codes[0]!)).toMatchObject({ status: 401 });
    expect(await use(codes[1]!)).toMatchObject({ status: 200 });
  });

  it('says the same for unknown names, wrong passwords and inactive operators', async () => {
    const id = await newOperator(app, 'inactive');
    await sql('UPDATE public.auth_user SET is_active = false WHERE id = $1', [id]);
    await newOperator(app, 'active');
    const answers = await Promise.all([
      post('login/', { username: 'nobody', password: PASSWORD }),
      post('login/', { username: 'active', password: 'wrong' }),
      post('login/', { username: 'inactive', password: PASSWORD }),
    ]);
    for (const { status, body } of answers) {
      expect({ status, body }).toEqual({
        status: 401,
        body: { detail: 'No active account found with the given credentials' },
      });
    }
  });

  it('is void once the password was changed, or the operator deactivated', async () => {
    const { id, secret } = await loggedIn(app, 'changed');
    const challenge = await challengeFor(app, 'changed');
    await sql('UPDATE public.auth_user SET is_active = false WHERE id = $1', [id]);
    const answer = () => post('login/second-factor/', { challenge, code: codeOf(secret, 1) });
    expect(await answer()).toMatchObject({ status: 401, body: { code: 'second_factor_challenge_invalid' } });
    await sql("UPDATE public.auth_user SET is_active = true, password = '!' WHERE id = $1", [id]);
    expect(await answer()).toMatchObject({ status: 401, body: { code: 'second_factor_challenge_invalid' } });
  });

  it('is in the audit log, without secrets', async () => {
    await loggedIn(app, 'logged');
    await post('login/', { username: 'logged', password: 'wrong' });
    const rows = await sql(
      "SELECT action, outcome, parameters, address FROM public.operator_audit WHERE operator = 'logged' ORDER BY id",
    );
    expect(rows).toEqual([
      { action: 'log-in', outcome: 'done', parameters: { second_factor: 'enrolled' }, address: '127.0.0.1' },
      { action: 'log-in', outcome: 'refused', parameters: { step: 'password' }, address: '127.0.0.1' },
    ]);
  });
});

describe('a session', () => {
  it('gives a new pair for a refresh token, and ends when one is used twice', async () => {
    const { refresh } = await loggedIn(app, 'refreshing');
    const next = await post('token/refresh/', { refresh });
    expect(next.status).toBe(200);
    expect(await me(next.body.access)).toMatchObject({ status: 200 });
    expect(await post('token/refresh/', { refresh })).toMatchObject({ status: 401 });
    expect(await me(next.body.access)).toMatchObject({ status: 401 });
    expect(await post('token/refresh/', { refresh: next.body.refresh })).toMatchObject({ status: 401 });
    const noted = await sql(
      "SELECT outcome FROM public.operator_audit WHERE operator = 'refreshing' AND action = 'log-in.reuse'",
    );
    expect(noted).toEqual([{ outcome: 'refused' }]);
  });

  it('ends after its time, however it is used', async () => {
    const { id, access, refresh } = await loggedIn(app, 'timed');
    await sql('UPDATE public.operator_session SET ends_at = now() WHERE operator_id = $1', [id]);
    expect(await me(access)).toMatchObject({ status: 401 });
    expect(await post('token/refresh/', { refresh })).toMatchObject({ status: 401 });
  });

  it('ends by log-out, deactivation, and from the list of the operator’s own', async () => {
    const first = await loggedIn(app, 'leaving');
    const second = await post('login/second-factor/', {
      challenge: await challengeFor(app, 'leaving'),
      code: codeOf(first.secret, 1),
    });
    const other = await loggedIn(app, 'other');
    const list = await askPlatform(app, 'GET', 'sessions/', { token: second.body.access });
    expect(list.body.results).toMatchObject([{ is_current: true }, { is_current: false }]);
    const [, { id }] = list.body.results;
    const end = (token: string) => askPlatform(app, 'DELETE', `sessions/${id}/`, { token });
    expect(await end(other.access)).toMatchObject({ status: 404 });
    expect(await me(first.access)).toMatchObject({ status: 200 });
    expect(await end(second.body.access)).toMatchObject({ status: 204 });
    expect(await me(first.access)).toMatchObject({ status: 401 });
    expect(await post('logout/', undefined, second.body.access)).toMatchObject({ status: 204 });
    expect(await me(second.body.access)).toMatchObject({ status: 401 });
    await sql('UPDATE public.auth_user SET is_active = false WHERE id = $1', [other.id]);
    expect(await me(other.access)).toMatchObject({ status: 401 });
  });

  it('outlives a change of the password where that is made, and no other does', async () => {
    const one = await loggedIn(app, 'repassword');
    const two = await post('login/second-factor/', {
      challenge: await challengeFor(app, 'repassword'),
      code: codeOf(one.secret, 1),
    });
    const change = (current_password: string, new_password: string) =>
      post('me/password/', { current_password, new_password }, one.access);
    expect(await change('wrong', 'a quite different passphrase')).toMatchObject({
      status: 400,
      body: { current_password: ['Your password was entered incorrectly.'] },
    });
    expect((await change(PASSWORD, 'short')).body.new_password).toBeDefined();
    expect(await change(PASSWORD, 'a quite different passphrase')).toMatchObject({ status: 204 });
    expect(await me(one.access)).toMatchObject({ status: 200 });
    expect(await me(two.body.access)).toMatchObject({ status: 401 });
  });
});

describe('tokens', () => {
  it('of tenants are no good here, and the reverse, whatever a tenant is called', async () => {
    const { access, refresh } = await loggedIn(app, 'tokens');
    const tenant = await app.logIn('admin');
    expect(await me(tenant)).toMatchObject({ status: 401 });
    for (const host of ['main', 'demo']) {
      expect(await app.ask('GET', '/api/v1/sessions/', { host, token: access })).toMatchObject({
        status: 401,
      });
      const exchanged = await app.ask('POST', '/api/token/refresh/', { host, body: { refresh } });
      expect(exchanged).toMatchObject({ status: 401, body: { detail: 'Token is invalid' } });
    }
    expect(await me(refresh)).toMatchObject({ status: 401 });
    expect(await post('token/refresh/', { refresh: access })).toMatchObject({ status: 401 });
  });

  it('have an issuer of their own, which decides even for a tenant called platform', async () => {
    const { id, access } = await loggedIn(app, 'issuer');
    const tenants = new Tokens(app.config);
    expect(() => tenants.read(access)).toThrow(InvalidTokenError);
    const [{ sid }] = (await sql('SELECT sid FROM public.operator_session WHERE operator_id = $1', [id])) as [
      { sid: string },
    ];
    const holder = { user_id: String(id), tid: 'platform', sid, email: '', username: 'issuer', groups: [] };
    expect(await me(tenants.issue('access', holder).token)).toMatchObject({ status: 401 });
    const unnamed = new Tokens(app.config, undefined, undefined as never);
    expect(await me(unnamed.issue('access', holder).token)).toMatchObject({ status: 401 });
  });

  it('are asked for on bare hosts alone', async () => {
    for (const path of ['me/', 'login/', 'sessions/1/']) {
      expect(await app.ask('GET', `${PATH}${path}`, { host: 'main' })).toMatchObject({ status: 404 });
      expect(await app.ask('GET', `${PATH}${path}`, { host: 'nobody.example.com' })).toMatchObject({
        status: 404,
      });
    }
    expect(await askPlatform(app, 'GET', 'me/')).toMatchObject({ status: 401 });
    expect(await askPlatform(app, 'PUT', 'me/')).toMatchObject({ status: 401 });
    expect(await askPlatform(app, 'GET', 'login/')).toMatchObject({ status: 405 });
    const { access } = await loggedIn(app, 'hosts');
    expect(await askPlatform(app, 'PUT', 'me/', { token: access })).toMatchObject({ status: 405 });
  });
});

describe('failures', () => {
  it('are limited by name and by address, wrong codes included', async () => {
    const limits = { LOGIN_FAILURES_PER_ACCOUNT: '3', LOGIN_FAILURES_PER_ADDRESS: '6' };
    await sql('DELETE FROM public.operator_login_window');
    const strict = await startTestApp({ sharing: app, environment: limits });
    try {
      await newOperator(strict, 'guessed');
      const { secret } = await enrol(strict, 'guessed');
      const challenge = await challengeFor(strict, 'guessed');
      const guess = (code: string) =>
        askPlatform(strict, 'POST', 'login/second-factor/', { body: { challenge, code } });
      for (let n = 0; n < 3; n++) expect(await guess('000000')).toMatchObject({ status: 401 });
      expect(await guess(codeOf(secret, 1))).toMatchObject({ status: 429 });
      const logIn = (username: string, password: string) =>
        askPlatform(strict, 'POST', 'login/', { body: { username, password } });
      expect(await logIn('guessed', PASSWORD)).toMatchObject({ status: 429 });
      for (let n = 0; n < 3; n++) await logIn(`unknown-${n}`, 'wrong');
      expect(await logIn('another', PASSWORD)).toMatchObject({ status: 429 });
    } finally {
      await strict.close();
    }
  });

  it('by bad input name the field', async () => {
    const bad = await post('login/', { username: 'a\u0000b' });
    expect(bad).toMatchObject({ status: 400 });
    expect(Object.keys(bad.body).sort()).toEqual(['password', 'username']);
    const headers = { 'content-type': 'application/json' };
    expect(await app.ask('POST', `${PATH}login/`, { host: HOST, body: '{', headers })).toMatchObject({
      status: 400,
    });
  });
});
