import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Answer, PASSWORD, startTestApp, type TestApp } from '../helpers/app.js';
import { idOf, seedStaff } from '../helpers/staff.js';
import { Authenticator } from './authenticator.js';
import {
  clearFactors,
  codeOf,
  FACTOR,
  factorEvents,
  factorMails,
  logIn,
  ORIGIN,
  setUpTotp,
  TOKEN,
} from './factors.js';

const STEP_MS = 30_000;
const SETTINGS = '/api/v1/agency-settings/';
const USERS = '/api/v1/users/';
const ENROLMENT = `${TOKEN}second-factor/enrolment/`;

let app: TestApp;
let tokens: Record<'admin' | 'manager1' | 'branch1' | 'branch3' | 'consultant1' | 'root', string>;

beforeAll(async () => {
  const now = (Math.floor(Date.now() / STEP_MS) + 1) * STEP_MS + STEP_MS / 2;
  vi.useFakeTimers({ toFake: ['Date'], now });
  app = await startTestApp();
  await seedStaff(app);
  tokens = {
    admin: await app.logIn('admin'),
    manager1: await app.logIn('manager1'),
    branch1: await app.logIn('branch1'),
    branch3: await app.logIn('branch3'),
    consultant1: await app.logIn('consultant1'),
    root: await app.logIn('root'),
  };
});
afterAll(async () => {
  vi.useRealTimers();
  await app?.close();
});
beforeEach(() => clearFactors(app));
afterEach(() => setPolicy({ policy: 'optional', groups: [] }));

const headers = { origin: ORIGIN };
const isPair = { access: expect.any(String), refresh: expect.any(String) };
const seen = ({ status, body }: Answer) => [status, body.code ?? body.detail ?? body];

/** Sets the agency's policy, and waits until log-ins know it. */
async function setPolicy(second_factor: { policy?: string; groups?: readonly string[] }) {
  const set = await app.ask('PATCH', SETTINGS, { token: tokens.admin, body: { second_factor } });
  if (set.status !== 200) throw new Error(`policy: ${set.raw}`);
  const isRequired = set.body.second_factor.policy === 'required';
  const of: string[] = set.body.second_factor.groups;
  await expect
    .poll(async () => (await app.ask('GET', FACTOR, { token: tokens.root })).body.required)
    .toBe(isRequired && (of.length === 0 || of.includes('SUPER_ADMIN')));
  return set.body.second_factor;
}
const challengeOf = async (username: string): Promise<string> => (await logIn(app, username)).body.challenge;
const enrol = (path: string, body: object, host = 'main') =>
  app.ask('POST', ENROLMENT + path, { host, body, headers });

describe('an agency that requires a second factor', () => {
  test('of everybody: who has none is asked to set it up, and is in afterwards', async () => {
    await setPolicy({ policy: 'required' });
    const asked = await logIn(app, 'consultant1');
    expect([asked.status, asked.body]).toEqual([
      401,
      {
        detail: 'Your agency requires a second factor. Set up an authenticator app or a passkey.',
        code: 'second_factor_enrolment_required',
        challenge: expect.any(String),
        methods: ['totp', 'passkey'],
      },
    ]);
    expect((await app.ask('GET', FACTOR, { token: tokens.consultant1 })).body.required).toBe(true);
    const { challenge } = asked.body;
    const { secret, uri } = (await enrol('totp/', { challenge })).body;
    expect(uri).toContain(`secret=${secret}`);
    expect(seen(await enrol('totp/confirm/', { challenge, code: '000000' }))[0]).toBe(400);
    const done = await enrol('totp/confirm/', { challenge, code: codeOf(secret, -1) });
    expect([done.status, done.body]).toEqual([200, { ...isPair, recovery_codes: expect.any(Array) }]);
    expect(done.body.recovery_codes).toHaveLength(10);
    expect((await logIn(app, 'consultant1', { code: codeOf(secret) })).body).toEqual(isPair);
    expect(await factorEvents(app)).toEqual(['second_factor_added']);
  });

  test('takes a passkey as well', async () => {
    await setPolicy({ policy: 'required' });
    const challenge = await challengeOf('consultant1');
    const options = (await enrol('passkey/', { challenge })).body;
    expect(options).toMatchObject({ challenge, rp: { id: 'main.localhost' }, user: { name: 'consultant1' } });
    const passkey = new Authenticator(ORIGIN);
    const body = { challenge, passkey: passkey.create(options) };
    const done = await enrol('passkey/confirm/', body);
    expect([done.status, done.body.recovery_codes?.length]).toEqual([200, 10]);
    expect(seen(await enrol('passkey/confirm/', body))).toEqual([401, 'second_factor_challenge_invalid']);
    const asked = (
      await app.ask('POST', TOKEN, { headers, body: { username: 'consultant1', password: PASSWORD } })
    ).body;
    const answer = { challenge: asked.challenge, passkey: passkey.get(asked.passkey) };
    expect((await app.ask('POST', `${TOKEN}second-factor/`, { headers, body: answer })).body).toEqual(isPair);
  });

  test('of some roles: others log in as before; superusers without a group count as SUPER_ADMIN', async () => {
    await setPolicy({ policy: 'required', groups: ['SUPER_ADMIN', 'BRANCH_ADMIN'] });
    const code = async (username: string) => (await logIn(app, username)).body.code;
    expect(await code('consultant1')).toBeUndefined();
    expect(await code('groupless')).toBeUndefined();
    for (const username of ['admin', 'root', 'branch1']) {
      expect(await code(username)).toBe('second_factor_enrolment_required');
    }
  });

  test('does not let the last one go, nor sessions go on without one', async () => {
    const { secret } = await setUpTotp(app, tokens.consultant1);
    const { refresh } = (await logIn(app, 'branch1')).body;
    const mine = (await logIn(app, 'consultant1', { code: codeOf(secret) })).body.refresh;
    await setPolicy({ policy: 'required' });
    const body = { password: PASSWORD };
    const removed = await app.ask('POST', `${FACTOR}totp/remove/`, { token: tokens.consultant1, body });
    expect([removed.status, removed.body]).toEqual([
      400,
      {
        non_field_errors: [
          'Your agency requires a second factor. Add another one before you remove this one.',
        ],
      },
    ]);
    const refreshed = await app.ask('POST', `${TOKEN}refresh/`, { body: { refresh } });
    expect(seen(refreshed)).toEqual([401, 'token_not_valid']);
    expect((await app.ask('POST', `${TOKEN}refresh/`, { body: { refresh: mine } })).status).toBe(200);
  });

  test('does not let a session without one be renewed by a change of password or the end of the others', async () => {
    const [{ body: mine }, { body: kept }] = [
      await logIn(app, 'consultant12'),
      await logIn(app, 'consultant12'),
    ];
    await setPolicy({ policy: 'required' });
    const token = mine.access;
    const endAll = { token, body: { refresh: kept.refresh } };
    const others = await app.ask('POST', '/api/v1/sessions/end-all/', endAll);
    expect(seen(others)).toEqual([400, { refresh: ['A second factor is required'] }]);
    const body = { current_password: PASSWORD, new_password: 'An0ther-Passw0rd!' };
    const changed = await app.ask('POST', `${USERS}change-password/`, { token, body });
    expect(seen(changed)).toEqual([401, 'token_not_valid']);
    expect(seen(await logIn(app, 'consultant12')), 'the password stays').toEqual([
      401,
      'second_factor_enrolment_required',
    ]);
    expect((await app.ask('POST', '/api/v1/sessions/end-all/', { token, body: {} })).status).toBe(200);
  });

  test('sets it as other settings are set', async () => {
    const token = tokens.admin;
    expect((await app.ask('GET', SETTINGS, { token })).body.second_factor).toEqual({
      policy: 'optional',
      groups: [],
    });
    expect(await setPolicy({ policy: 'required', groups: ['BRANCH_ADMIN', 'SUPER_ADMIN'] })).toEqual({
      policy: 'required',
      groups: ['BRANCH_ADMIN', 'SUPER_ADMIN'],
    });
    expect(await setPolicy({ groups: ['CONSULTANT'] })).toEqual({
      policy: 'required',
      groups: ['CONSULTANT'],
    });
    for (const second_factor of [{ policy: 'maybe' }, { groups: ['Accountants'] }, 'required']) {
      const refused = await app.ask('PATCH', SETTINGS, { token, body: { second_factor } });
      expect([refused.status, Object.keys(refused.body)]).toEqual([400, ['second_factor']]);
    }
    const denied = await app.ask('PATCH', SETTINGS, {
      token: tokens.branch1,
      body: { second_factor: { policy: 'optional' } },
    });
    expect(denied.status).toBe(403);
  });
});

describe('the challenge of a set-up', () => {
  test('is good for the set-up alone, at its agency, once, and while there is no second factor', async () => {
    await setPolicy({ policy: 'required' });
    const challenge = await challengeOf('consultant1');
    const other = await challengeOf('consultant1');
    const { secret } = (await enrol('totp/', { challenge })).body;
    const code = codeOf(secret, -1);
    for (const refused of [
      await enrol('totp/', { challenge }, 'demo'),
      await enrol('totp/', { challenge: 'x' }),
      await app.ask('GET', FACTOR, { token: challenge }),
      await app.ask('POST', `${FACTOR}totp/`, { token: challenge, body: { password: PASSWORD } }),
      await app.ask('POST', `${TOKEN}second-factor/`, { body: { challenge, code } }),
      await app.ask('POST', `${TOKEN}refresh/`, { body: { refresh: challenge } }),
    ]) {
      expect(refused.status).toBe(401);
    }
    const answers = await Promise.all([
      enrol('totp/confirm/', { challenge, code }),
      enrol('totp/confirm/', { challenge, code }),
      enrol('totp/confirm/', { challenge: other, code }),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401]);
    for (const used of [challenge, other]) {
      expect(seen(await enrol('totp/', { challenge: used }))).toEqual([
        401,
        'second_factor_challenge_invalid',
      ]);
    }
  });

  test('ends after fifteen minutes', async () => {
    await setPolicy({ policy: 'required' });
    const challenge = await challengeOf('consultant1');
    vi.setSystemTime(Date.now() + 901_000);
    expect((await enrol('totp/', { challenge })).status).toBe(401);
  });
});

describe('who may change a user', () => {
  test('sees who has a second factor, within reach', async () => {
    await setUpTotp(app, tokens.consultant1);
    const list = async (token: string, query = '') =>
      (await app.ask('GET', `${USERS}second-factor/${query}`, { token })).body;
    const all = await list(tokens.admin);
    expect(all.count).toBe(12);
    expect(all.results.find(({ username }: { username: string }) => username === 'consultant1')).toEqual({
      id: idOf('consultant1'),
      username: 'consultant1',
      is_active: true,
      enabled: true,
      required: false,
      totp: true,
      passkeys: 0,
      recovery_codes: 10,
    });
    expect((await list(tokens.admin, '?enabled=true')).count).toBe(1);
    expect((await list(tokens.admin, '?enabled=false&is_active=true')).count).toBe(10);
    expect((await list(tokens.admin, '?search=consultant1&enabled=true')).count).toBe(1);
    expect((await list(tokens.branch1, '?enabled=true')).count).toBe(1);
    expect((await list(tokens.branch3, '?enabled=true')).count).toBe(0);
    const path = `${USERS}${idOf('consultant1')}/second-factor/`;
    expect((await app.ask('GET', path, { token: tokens.branch1 })).body.enabled).toBe(true);
    expect((await app.ask('GET', path, { token: tokens.consultant1 })).body.enabled, 'oneself').toBe(true);
    expect((await app.ask('GET', path, { token: tokens.branch3 })).status).toBe(404);
    expect((await app.ask('GET', `${USERS}second-factor/`, { token: tokens.consultant1 })).status).toBe(403);
  });

  test('resets it: the sessions end, the password suffices again, and the log says who did it', async () => {
    const { secret } = await setUpTotp(app, tokens.consultant1);
    const { access } = (await logIn(app, 'consultant1', { code: codeOf(secret) })).body;
    const path = `${USERS}${idOf('consultant1')}/second-factor/reset/`;
    expect((await app.ask('POST', path, { token: tokens.branch3 })).status).toBe(404);
    expect((await app.ask('POST', path, { token: tokens.consultant1 })).status).toBe(403);
    expect((await app.ask('POST', path, { token: tokens.branch1 })).status).toBe(204);
    expect((await app.ask('GET', FACTOR, { token: access })).status).toBe(401);
    vi.setSystemTime(Date.now() + 2_000);
    const back = (await logIn(app, 'consultant1')).body;
    expect(back).toEqual(isPair);
    tokens.consultant1 = back.access;
    expect((await factorEvents(app))[0]).toBe('second_factor_reset');
    expect((await factorMails(app))[0]).toBe('consultant1@example.com Account.factor-removed: all of them');
  });

  test('does not reset that of a peer, of those above, or the own', async () => {
    const path = (username: string) => `${USERS}${idOf(username)}/second-factor/reset/`;
    const reset = async (token: string, username: string) =>
      (await app.ask('POST', path(username), { token })).status;
    expect(await reset(tokens.branch1, 'admin')).toBe(403);
    expect(await reset(tokens.branch1, 'branch1')).toBe(400);
    expect(await reset(tokens.manager1, 'manager1')).toBe(400);
    // Who also works where the actor does not, could be acted as there.
    expect(await reset(tokens.branch1, 'consultant12')).toBe(403);
    expect(await reset(tokens.admin, 'admin')).toBe(400);
    expect(await reset(tokens.root, 'admin')).toBe(204);
    vi.setSystemTime(Date.now() + 2_000);
    tokens.admin = (await logIn(app, 'admin')).body.access;
  });
});
