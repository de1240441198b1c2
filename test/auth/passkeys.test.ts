import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { statement } from '../../src/database/statement.js';
import { type Answer, PASSWORD, startTestApp, type TestApp } from '../helpers/app.js';
import { seedStaff } from '../helpers/staff.js';
import { Authenticator } from './authenticator.js';
import {
  addPasskey,
  clearFactors,
  FACTOR,
  factorEvents,
  factorMails,
  logIn,
  ORIGIN,
  TOKEN,
} from './factors.js';

const LIMIT = 5;
const PASSKEYS = `${FACTOR}passkeys/`;
const SECOND = `${TOKEN}second-factor/`;
const ALONE = `${TOKEN}passkey/`;
/** Pages of other hosts that may read answers: of the same agency, of the platform, and of another agency. */
const AGENCY_PAGE = 'http://main-immigrate.localhost:5173';
const DEMO_PAGE = 'http://demo.localhost:5173';

let app: TestApp;
let token: string;

beforeAll(async () => {
  app = await startTestApp({ environment: { LOGIN_FAILURES_PER_ACCOUNT: String(LIMIT) } });
  await seedStaff(app);
  await seedStaff(app, 'tenant_demo');
  token = await app.logIn('consultant1');
});
afterAll(() => app?.close());
beforeEach(async () => {
  await clearFactors(app);
  await clearFactors(app, 'tenant_demo');
});

const from = (origin = ORIGIN) => ({ headers: { origin } });
const query = <Row>(sql: string, values: unknown[] = []) =>
  app.database.tenantQuery<Row>({ schema: 'tenant_main', userId: null }, statement<Row>(sql, values));
const isPair = { access: expect.any(String), refresh: expect.any(String) };
const seen = ({ status, body }: Answer) => [status, body.code ?? body.detail ?? body];

/** Logs in up to the second factor. @returns the challenge, and the options for the browser */
async function ask(origin = ORIGIN, username = 'consultant1', host = 'main') {
  const body = { username, password: PASSWORD };
  return (await app.ask('POST', TOKEN, { host, body, ...from(origin) })).body;
}
const answer = (challenge: string, passkey: object, origin = ORIGIN, host = 'main') =>
  app.ask('POST', SECOND, { host, body: { challenge, passkey }, ...from(origin) });
const alone = (passkey: object, origin = ORIGIN, host = 'main') =>
  app.ask('POST', ALONE, { host, body: { passkey }, ...from(origin) });
const optionsAlone = async (origin = ORIGIN, host = 'main') =>
  (await app.ask('POST', `${ALONE}options/`, { host, body: {}, ...from(origin) })).body;

describe('a passkey', () => {
  test('is added, is a second factor, and is named, listed, renamed and removed', async () => {
    const { passkey, recovery } = await addPasskey(app, token);
    expect(recovery).toHaveLength(10);
    const asked = await ask();
    expect(asked).toMatchObject({
      code: 'second_factor_required',
      methods: ['passkey', 'recovery_code'],
      passkey: {
        rpId: 'main.localhost',
        userVerification: 'required',
        allowCredentials: [{ id: passkey.id, type: 'public-key', transports: ['internal', 'hybrid'] }],
        challenge: asked.challenge,
      },
    });
    const done = await answer(asked.challenge, passkey.get(asked.passkey));
    expect([done.status, done.body]).toEqual([200, isPair]);

    const second = await addPasskey(app, token, ORIGIN, 'Phone');
    expect(second.recovery).toBeNull();
    const listed = await app.ask('GET', PASSKEYS, { token });
    expect(listed.body).toMatchObject({
      count: 2,
      results: [
        { name: 'Laptop', host: 'main.localhost', last_used_at: expect.any(String) },
        { name: 'Phone', host: 'main.localhost', last_used_at: null },
      ],
    });
    const [{ id }] = listed.body.results;
    const renamed = await app.ask('PATCH', `${PASSKEYS}${id}/`, { token, body: { name: 'Old laptop' } });
    expect(renamed.body).toMatchObject({ id, name: 'Old laptop' });
    const path = `${PASSKEYS}${id}/remove/`;
    expect((await app.ask('POST', path, { token, body: {} })).status).toBe(400);
    expect((await app.ask('POST', path, { token, body: { password: PASSWORD } })).status).toBe(204);
    expect((await app.ask('POST', path, { token, body: { password: PASSWORD } })).status).toBe(404);
    expect(await factorMails(app)).toEqual([
      'consultant1@example.com Account.factor-removed: the passkey "Old laptop"',
      'consultant1@example.com Account.factor-added: the passkey "Phone"',
      'consultant1@example.com Account.factor-added: the passkey "Laptop"',
    ]);
    const now = await ask();
    expect(seen(await answer(now.challenge, passkey.get(now.passkey)))).toEqual([
      401,
      'second_factor_invalid',
    ]);
    expect((await answer(now.challenge, second.passkey.get(now.passkey))).status).toBe(200);
  });

  test('of somebody else is neither seen nor changed', async () => {
    await addPasskey(app, token);
    const other = await app.logIn('branch1');
    const [row] = await query<{ id: number }>('SELECT id FROM passkey');
    const path = `${PASSKEYS}${row?.id}/`;
    expect((await app.ask('GET', PASSKEYS, { token: other })).body.count).toBe(0);
    for (const [method, at, body] of [
      ['GET', path, undefined],
      ['PATCH', path, { name: 'Mine' }],
      ['POST', `${path}remove/`, { password: PASSWORD }],
    ] as const) {
      expect((await app.ask(method, at, { token: other, body })).status).toBe(404);
    }
  });

  test('is added once, with a challenge that is good once and for its user', async () => {
    const body = { password: PASSWORD };
    const options = (await app.ask('POST', `${PASSKEYS}options/`, { token, body, ...from() })).body;
    const passkey = new Authenticator(ORIGIN);
    const add = (made: object, as = token) =>
      app.ask('POST', PASSKEYS, { token: as, body: { passkey: made }, ...from() });
    const made = passkey.create(options);
    expect((await add(made, await app.logIn('branch1'))).status).toBe(400);
    const answers = await Promise.all([add(made), add(made)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 400]);
    const again = new Authenticator(ORIGIN);
    expect(seen(await add(again.create(options)))).toEqual([
      400,
      'The request for a new passkey has expired. Please begin again.',
    ]);
  });

  test.each([
    ['of another page', { origin: 'http://evil.example' }],
    ['of another host', { rpId: 'localhost' }],
    ['of another challenge', { challenge: 'AAAA' }],
    ['without the user verified', { isUserVerified: false }],
    ['of another kind', { type: 'webauthn.get' }],
  ])('is not added by an answer %s', async (_name, deviation) => {
    const body = { password: PASSWORD };
    const options = (await app.ask('POST', `${PASSKEYS}options/`, { token, body, ...from() })).body;
    const made = new Authenticator(ORIGIN).create(options, deviation);
    expect((await app.ask('POST', PASSKEYS, { token, body: { passkey: made }, ...from() })).status).toBe(400);
    expect(await query('SELECT id FROM passkey')).toEqual([]);
  });

  test.each([
    ['of another page', { origin: DEMO_PAGE }],
    ['of another host', { rpId: 'demo.localhost' }],
    ['of another challenge', { challenge: 'AAAA' }],
    ['without the user verified', { isUserVerified: false }],
    ['of another kind', { type: 'webauthn.create' }],
  ])('does not log in by an answer %s', async (_name, deviation) => {
    const { passkey } = await addPasskey(app, token);
    const asked = await ask();
    const wrong = await answer(asked.challenge, passkey.get(asked.passkey, deviation));
    expect(seen(wrong)).toEqual([401, 'second_factor_invalid']);
    const options = await optionsAlone();
    expect((await alone(passkey.get(options, deviation))).status).toBe(401);
    expect((await answer(asked.challenge, passkey.get(asked.passkey))).status).toBe(200);
  });

  test('whose counter is behind is a copy: it does not log in, and the log says so', async () => {
    const { passkey } = await addPasskey(app, token);
    const first = await ask();
    expect((await answer(first.challenge, passkey.get(first.passkey, { counter: 7 }))).status).toBe(200);
    for (const counter of [7, 6, 0]) {
      const asked = await ask();
      const copied = await answer(asked.challenge, passkey.get(asked.passkey, { counter }));
      expect(seen(copied)).toEqual([401, 'second_factor_invalid']);
    }
    expect(await factorEvents(app)).toContain('passkey_cloned');
    const last = await ask();
    expect((await answer(last.challenge, passkey.get(last.passkey, { counter: 8 }))).status).toBe(200);
  });

  test('that does not count is used as often as one likes', async () => {
    const { passkey } = await addPasskey(app, token);
    for (let i = 0; i < 2; i++) {
      const asked = await ask();
      expect((await answer(asked.challenge, passkey.get(asked.passkey, { counter: 0 }))).status).toBe(200);
    }
  });

  test('of another user does not log in, nor does one elsewhere', async () => {
    const mine = await addPasskey(app, token);
    const theirs = await addPasskey(app, await app.logIn('branch1'));
    const asked = await ask();
    expect((await answer(asked.challenge, theirs.passkey.get(asked.passkey))).status).toBe(401);
    const stranger = new Authenticator(ORIGIN);
    expect((await answer(asked.challenge, stranger.get(asked.passkey))).status).toBe(401);
    expect((await answer(asked.challenge, mine.passkey.get(asked.passkey), ORIGIN, 'demo')).status).toBe(401);
  });

  test('answers a challenge once, also when it is sent twice at the same moment', async () => {
    const { passkey } = await addPasskey(app, token);
    const asked = await ask();
    const given = passkey.get(asked.passkey);
    const answers = await Promise.all([1, 2, 3].map(() => answer(asked.challenge, given)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401]);
  });

  test('is not for sale: wrong answers in a user’s name lock nobody out', async () => {
    const { passkey } = await addPasskey(app, token);
    const stranger = new Authenticator(ORIGIN);
    for (let i = 0; i < LIMIT + 1; i++) {
      const options = await optionsAlone();
      const forged = { ...stranger.get(options), id: passkey.id, rawId: passkey.id };
      expect((await alone(forged)).status).toBe(401);
    }
    const asked = await ask();
    expect((await answer(asked.challenge, passkey.get(asked.passkey))).status).toBe(200);
  });
});

describe('a passkey alone', () => {
  test('logs in without name and password', async () => {
    const { passkey } = await addPasskey(app, token);
    const options = await optionsAlone();
    expect(options).toMatchObject({ rpId: 'main.localhost', userVerification: 'required' });
    expect(options.allowCredentials ?? []).toEqual([]);
    const given = passkey.get(options);
    const done = await alone(given);
    expect([done.status, done.body]).toEqual([200, isPair]);
    const profile = await app.ask('GET', '/api/v1/users/profile/', { token: done.body.access });
    expect(profile.body.username).toBe('consultant1');
    expect(seen(await alone(given)), 'the same again').toEqual([401, 'second_factor_challenge_invalid']);
  });

  test('does so once, of several at the same moment', async () => {
    const { passkey } = await addPasskey(app, token);
    const given = passkey.get(await optionsAlone(), { counter: 0 });
    const answers = await Promise.all([1, 2, 3].map(() => alone(given)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401]);
  });

  test('does not with the challenge of another tenant, purpose or making', async () => {
    const { passkey } = await addPasskey(app, token);
    const asked = await ask();
    expect((await alone(passkey.get(asked.passkey))).status).toBe(401);
    expect((await alone(passkey.get(await optionsAlone(DEMO_PAGE, 'demo')))).status).toBe(401);
    expect((await alone(passkey.get({ challenge: 'AAAA', rpId: 'main.localhost' }))).status).toBe(401);
    const options = await optionsAlone();
    expect((await answer(options.challenge, passkey.get(options))).status).toBe(401);
  });

  test('does not for a user who is disabled', async () => {
    const { passkey } = await addPasskey(app, token);
    await query("UPDATE immigration_user SET is_active = false WHERE username = 'consultant1'");
    try {
      expect((await alone(passkey.get(await optionsAlone()))).status).toBe(401);
    } finally {
      await query("UPDATE immigration_user SET is_active = true WHERE username = 'consultant1'");
    }
  });
});

describe('a page', () => {
  test('has passkeys of its own host: others are not offered there', async () => {
    const { passkey } = await addPasskey(app, token, AGENCY_PAGE);
    const elsewhere = await ask(ORIGIN);
    expect(elsewhere.methods).toEqual(['recovery_code']);
    expect(elsewhere.passkey).toBeUndefined();
    const asked = await ask(AGENCY_PAGE);
    expect(asked.passkey.rpId).toBe('main-immigrate.localhost');
    expect((await answer(asked.challenge, passkey.get(asked.passkey), ORIGIN)).status).toBe(401);
    expect((await answer(asked.challenge, passkey.get(asked.passkey), AGENCY_PAGE)).status).toBe(200);
  });

  test.each([
    ['of another agency', DEMO_PAGE],
    ['that may not read answers', 'https://evil.example'],
    ['of an address', 'http://127.0.0.1:5173'],
    ['that is none', 'null'],
  ])('%s has none', async (_name, origin) => {
    await addPasskey(app, token);
    const refused = { detail: "Passkeys are used on pages of the agency's front end." };
    const body = { password: PASSWORD };
    expect((await app.ask('POST', `${PASSKEYS}options/`, { token, body, ...from(origin) })).body).toEqual(
      refused,
    );
    expect(await optionsAlone(origin)).toEqual(refused);
    expect((await ask(origin)).methods).toEqual(['recovery_code']);
  });

  test('is needed: a program that is no browser has no passkeys', async () => {
    await addPasskey(app, token);
    expect((await logIn(app, 'consultant1')).body.methods).toEqual(['recovery_code']);
    expect((await app.ask('POST', `${ALONE}options/`, { body: {} })).status).toBe(400);
  });
});
