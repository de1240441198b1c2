import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { statement } from '../../src/database/statement.js';
import { type Answer, PASSWORD, startTestApp, type TestApp } from '../helpers/app.js';
import { idOf, seedStaff } from '../helpers/staff.js';
import { clearFactors, codeOf, FACTOR, factorEvents, logIn, setUpTotp, TOKEN } from './factors.js';

const LIMIT = 5;
const STEP_MS = 30_000;
const SECOND = `${TOKEN}second-factor/`;

let app: TestApp;
let token: string;

beforeAll(async () => {
  // The clock stands in the middle of a step, and a test moves it: codes do not change in between.
  const now = (Math.floor(Date.now() / STEP_MS) + 1) * STEP_MS + STEP_MS / 2;
  vi.useFakeTimers({ toFake: ['Date'], now });
  app = await startTestApp({ environment: { LOGIN_FAILURES_PER_ACCOUNT: String(LIMIT) } });
  await seedStaff(app);
  await seedStaff(app, 'tenant_demo');
  token = await app.logIn('consultant1');
});
afterAll(async () => {
  vi.useRealTimers();
  await app?.close();
});
beforeEach(async () => {
  await clearFactors(app);
  await clearFactors(app, 'tenant_demo');
});

const pass = (steps: number) => vi.setSystemTime(Date.now() + steps * STEP_MS);
const query = <Row>(sql: string, values: unknown[] = []) =>
  app.database.tenantQuery<Row>({ schema: 'tenant_main', userId: null }, statement<Row>(sql, values));
const answer = (challenge: string, code: string, host = 'main') =>
  app.ask('POST', SECOND, { host, body: { challenge, code } });
const post = (path: string, body: object = {}, as = token) =>
  app.ask('POST', FACTOR + path, { token: as, body });
const seen = ({ status, body }: Answer) => [status, body.code ?? body.detail ?? body];
const isPair = { access: expect.any(String), refresh: expect.any(String) };

describe('a log-in', () => {
  test('of a user without second factor is as it was', async () => {
    expect((await logIn(app, 'consultant1')).body).toEqual(isPair);
    expect((await logIn(app, 'consultant1', { code: '123456' })).body).toEqual(isPair);
  });

  test('of a user with one gets a challenge that a front end can show, and goes on with a code', async () => {
    const { secret } = await setUpTotp(app, token);
    const asked = await logIn(app, 'consultant1');
    expect([asked.status, asked.headers['www-authenticate']]).toEqual([401, 'Bearer realm="api"']);
    expect(asked.body).toEqual({
      detail: 'Enter the code of your authenticator app, or use your passkey.',
      code: 'second_factor_required',
      challenge: expect.any(String),
      methods: ['totp', 'recovery_code'],
    });
    const { challenge } = asked.body;
    expect(seen(await answer(challenge, '000000'))).toEqual([401, 'second_factor_invalid']);
    const done = await answer(challenge, codeOf(secret));
    expect([done.status, done.body]).toEqual([200, isPair]);
    for (const { headers } of [asked, done]) expect(headers['cache-control']).toContain('no-store');
    const profile = await app.ask('GET', '/api/v1/users/profile/', { token: done.body.access });
    expect(profile.body.username).toBe('consultant1');
    expect(await factorEvents(app)).toEqual(['second_factor_failed', 'second_factor_added']);
  });

  test('goes on in the same request where the client sends the code with the password', async () => {
    const { secret, recovery } = await setUpTotp(app, token);
    expect((await logIn(app, 'consultant1', { code: codeOf(secret) })).body).toEqual(isPair);
    expect(seen(await logIn(app, 'consultant1', { code: codeOf(secret) }))).toEqual([
      401,
      'second_factor_invalid',
    ]);
    expect((await logIn(app, 'consultant1', { code: recovery[0] })).body).toEqual(isPair);
  });

  test('tells nobody who has a second factor before the password is right', async () => {
    const { secret } = await setUpTotp(app, token);
    const wrong = { username: 'consultant1', password: 'wrong' };
    const nobody = { username: 'nobody', password: 'wrong' };
    const without = { username: 'branch1', password: 'wrong' };
    for (const more of [{}, { code: codeOf(secret) }]) {
      const answers = [];
      for (const body of [wrong, nobody, without]) {
        answers.push(await app.ask('POST', TOKEN, { body: { ...body, ...more } }));
      }
      for (const { status, body } of answers) {
        expect([status, body]).toEqual([
          401,
          { detail: 'No active account found with the given credentials' },
        ]);
      }
    }
  });
});

describe('a code', () => {
  test('works once, and none of an earlier step after it', async () => {
    const { secret } = await setUpTotp(app, token);
    pass(2);
    const [older, used] = [codeOf(secret, -1), codeOf(secret)];
    expect((await logIn(app, 'consultant1', { code: used })).status).toBe(200);
    for (const code of [used, older]) {
      expect(seen(await logIn(app, 'consultant1', { code }))).toEqual([401, 'second_factor_invalid']);
    }
    expect((await logIn(app, 'consultant1', { code: codeOf(secret, 1) })).status).toBe(200);
  });

  test('is good for one of two log-ins at the same moment', async () => {
    const { secret, recovery } = await setUpTotp(app, token);
    for (const code of [codeOf(secret), recovery[0] as string]) {
      const challenges = await Promise.all([1, 2, 3].map(() => logIn(app, 'consultant1')));
      const answers = await Promise.all(challenges.map(({ body }) => answer(body.challenge, code)));
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401]);
    }
  });

  test('may come from a clock that is off by a step, and be typed with a space', async () => {
    const { secret } = await setUpTotp(app, token);
    pass(3);
    expect((await logIn(app, 'consultant1', { code: codeOf(secret, -2) })).status).toBe(401);
    const code = codeOf(secret, -1);
    expect((await logIn(app, 'consultant1', { code: `${code.slice(0, 3)} ${code.slice(3)}` })).status).toBe(
      200,
    );
    expect((await logIn(app, 'consultant1', { code: codeOf(secret, 1) })).status).toBe(200);
  });

  test('of another user, or of the same user elsewhere, is none', async () => {
    const other = await setUpTotp(app, await app.logIn('branch1'));
    await setUpTotp(app, token);
    expect((await logIn(app, 'consultant1', { code: codeOf(other.secret) })).status).toBe(401);
    expect((await logIn(app, 'consultant1', { code: other.recovery[0] })).status).toBe(401);
    const elsewhere = await setUpTotp(app, await app.logIn('consultant1', 'demo'), { host: 'demo' });
    expect((await logIn(app, 'consultant1', { code: codeOf(elsewhere.secret) })).status).toBe(401);
  });

  test('cannot be guessed: wrong ones are failed log-ins, however many are tried at once', async () => {
    const { secret } = await setUpTotp(app, token);
    const { body } = await logIn(app, 'consultant1');
    const guesses = Array.from({ length: 4 * LIMIT }, (_, i) => String(100_000 + i));
    const answers = await Promise.all(guesses.map((code) => answer(body.challenge, code)));
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(LIMIT);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(3 * LIMIT);
    expect((await answer(body.challenge, codeOf(secret))).status).toBe(429);
    expect((await logIn(app, 'consultant1', { code: codeOf(secret) })).status).toBe(429);
    expect((await logIn(app, 'branch1')).status).toBe(200);
  });

  test('resets the failures only when it is right; a right password alone does not', async () => {
    const { secret } = await setUpTotp(app, token);
    for (let i = 1; i < LIMIT; i++) {
      const { body } = await logIn(app, 'consultant1');
      expect((await answer(body.challenge, '000000')).status).toBe(401);
    }
    expect((await logIn(app, 'consultant1', { code: codeOf(secret) })).status).toBe(200);
    expect(await query("SELECT key FROM login_failure WHERE kind = 'account'")).toEqual([]);
  });
});

describe('a challenge', () => {
  test('works once', async () => {
    const { secret, recovery } = await setUpTotp(app, token);
    const { challenge } = (await logIn(app, 'consultant1')).body;
    expect((await answer(challenge, codeOf(secret))).status).toBe(200);
    const again = await answer(challenge, recovery[0] as string);
    expect(seen(again)).toEqual([401, 'second_factor_challenge_invalid']);
    expect((await logIn(app, 'consultant1', { code: recovery[0] })).status, 'the code was not used up').toBe(
      200,
    );
  });

  test('belongs to its tenant and user, is no token, and cannot be made', async () => {
    const { secret } = await setUpTotp(app, token);
    const demo = await setUpTotp(app, await app.logIn('consultant1', 'demo'), { host: 'demo' });
    const { challenge } = (await logIn(app, 'consultant1')).body;
    expect(seen(await answer(challenge, codeOf(demo.secret), 'demo'))).toEqual([
      401,
      'second_factor_challenge_invalid',
    ]);
    expect((await app.ask('GET', FACTOR, { token: challenge })).status).toBe(401);
    for (const other of [
      'x',
      token,
      `${challenge}A`,
      challenge.replace(/^./, (c: string) => (c === 'A' ? 'B' : 'A')),
    ]) {
      expect(seen(await answer(other, codeOf(secret)))).toEqual(
        other === token ? [400, expect.anything()] : [401, 'second_factor_challenge_invalid'],
      );
    }
    expect((await app.ask('POST', `${SECOND}enrolment/totp/`, { body: { challenge } })).body.code).toBe(
      'second_factor_challenge_invalid',
    );
  });

  test('ends after five minutes, and with the sessions of the user', async () => {
    const { secret } = await setUpTotp(app, token);
    const first = (await logIn(app, 'consultant1')).body.challenge;
    pass(11);
    expect(seen(await answer(first, codeOf(secret)))).toEqual([401, 'second_factor_challenge_invalid']);
    const second = (await logIn(app, 'consultant1')).body.challenge;
    await query('UPDATE immigration_user SET is_active = false WHERE id = $1', [idOf('consultant1')]);
    expect(seen(await answer(second, codeOf(secret)))).toEqual([401, 'second_factor_challenge_invalid']);
    await query('UPDATE immigration_user SET is_active = true WHERE id = $1', [idOf('consultant1')]);
    const admin = await app.logIn('admin');
    const path = `/api/v1/users/${idOf('consultant1')}/set-password/`;
    const body = { password: PASSWORD.replace('!', '?') };
    expect((await app.ask('POST', path, { token: admin, body })).status).toBe(204);
    expect(seen(await answer(second, codeOf(secret)))).toEqual([401, 'second_factor_challenge_invalid']);
    await query(
      'UPDATE immigration_user SET password = (SELECT password FROM immigration_user WHERE id = 1) WHERE id = $1',
      [idOf('consultant1')],
    );
    pass(3);
    token = (await logIn(app, 'consultant1', { code: codeOf(secret) })).body.access;
  });
});

describe('recovery codes', () => {
  test('are ten, shown once, stored hashed, each good once, and replaced as a whole', async () => {
    const { recovery } = await setUpTotp(app, token);
    expect(new Set(recovery).size).toBe(10);
    for (const code of recovery) expect(code).toMatch(/^([0-9A-HJKMNP-TV-Z]{5}-){4}[0-9A-HJKMNP-TV-Z]{5}$/);
    const stored = JSON.stringify(
      await query('SELECT encode(digest, $1) AS digest FROM recovery_code', ['escape']),
    );
    for (const code of recovery) expect(stored).not.toContain(code.replaceAll('-', ''));
    const [first = '', second = ''] = recovery;
    // Typed without hyphens, in small letters, and with the letters that look like digits.
    const typed = first.replaceAll('-', '').toLowerCase().replaceAll('0', 'o').replaceAll('1', 'l');
    expect((await logIn(app, 'consultant1', { code: typed })).status).toBe(200);
    expect((await logIn(app, 'consultant1', { code: first })).status).toBe(401);
    expect((await app.ask('GET', FACTOR, { token })).body).toMatchObject({
      enabled: true,
      recovery_codes: 9,
    });
    const replaced = await post('recovery-codes/', { password: PASSWORD });
    expect(replaced.body.recovery_codes).toHaveLength(10);
    expect((await logIn(app, 'consultant1', { code: second })).status).toBe(401);
    expect((await logIn(app, 'consultant1', { code: replaced.body.recovery_codes[9] })).status).toBe(200);
    expect(await factorEvents(app)).toEqual(
      expect.arrayContaining(['recovery_code_used', 'recovery_codes_replaced', 'second_factor_added']),
    );
  });

  test('come with a second factor, and go with the last one', async () => {
    expect((await post('recovery-codes/', { password: PASSWORD })).status).toBe(400);
    await setUpTotp(app, token);
    expect((await post('totp/remove/', { password: PASSWORD })).status).toBe(204);
    expect(await query('SELECT id FROM recovery_code')).toEqual([]);
    expect((await logIn(app, 'consultant1')).body).toEqual(isPair);
  });
});

describe('changes of one’s own', () => {
  test('ask for the present password or a code; wrong ones are failed log-ins', async () => {
    for (const path of ['totp/', 'totp/remove/', 'recovery-codes/', 'passkeys/options/']) {
      expect((await post(path)).body).toEqual({
        password: ['Give your password, or a code of your second factor.'],
      });
    }
    expect((await post('totp/', { password: 'wrong' })).body).toEqual({
      password: ['Your password was entered incorrectly.'],
    });
    const { secret } = await setUpTotp(app, token);
    expect((await post('totp/remove/', { code: '000000' })).body).toEqual({
      code: ['The code is not valid.'],
    });
    const guesses = Array.from({ length: 2 * LIMIT }, (_, i) =>
      post('totp/remove/', { code: String(100_000 + i) }),
    );
    const statuses = (await Promise.all(guesses)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 400)).toHaveLength(LIMIT - 2);
    expect((await post('totp/remove/', { password: PASSWORD })).status).toBe(429);
    await query('DELETE FROM login_failure');
    expect((await post('totp/remove/', { code: codeOf(secret) })).status).toBe(204);
    expect((await app.ask('GET', FACTOR, { token })).body).toMatchObject({
      enabled: false,
      required: false,
      totp: false,
      passkeys: 0,
      recovery_codes: 0,
    });
  });

  test('a new app takes the place of the old one when its first code has come, within its time', async () => {
    const old = await setUpTotp(app, token);
    const { secret } = (await post('totp/', { code: codeOf(old.secret) })).body;
    expect((await logIn(app, 'consultant1', { code: codeOf(secret) })).status, 'not confirmed').toBe(401);
    expect((await logIn(app, 'consultant1', { code: codeOf(old.secret, 1) })).status).toBe(200);
    expect((await post('totp/confirm/', { code: '000000' })).body).toEqual({
      code: ['The code is not valid. Use the newest one, or begin again.'],
    });
    expect((await post('totp/confirm/', { code: codeOf(secret) })).body).toEqual({ recovery_codes: null });
    expect((await post('totp/confirm/', { code: codeOf(secret, 1) })).status).toBe(400);
    expect((await logIn(app, 'consultant1', { code: codeOf(secret) })).status, 'used to confirm').toBe(401);
    pass(3);
    expect((await logIn(app, 'consultant1', { code: codeOf(old.secret) })).status).toBe(401);
    expect((await logIn(app, 'consultant1', { code: codeOf(secret) })).status).toBe(200);
    const late = (await post('totp/', { password: PASSWORD })).body;
    await query("UPDATE totp_secret SET created_at = now() - interval '16 minutes' WHERE NOT confirmed");
    expect((await post('totp/confirm/', { code: codeOf(late.secret) })).status).toBe(400);
  });
});

describe('secrets at rest', () => {
  test('open after a change of SECRET_KEY while the former one is a fallback, and are sealed anew by their use', async () => {
    const { secret } = await setUpTotp(app, token);
    const SECRET_KEY = 'another-key-0123456789-abcdefghijklmnopqrstuvw';
    const withKeys = async (environment: Record<string, string>, code: string) => {
      const changed = await startTestApp({ sharing: app, environment: { SECRET_KEY, ...environment } });
      try {
        return (await logIn(changed, 'consultant1', { code })).status;
      } finally {
        await changed.close();
      }
    };
    expect(await withKeys({}, codeOf(secret))).toBe(400);
    expect(await withKeys({ SECRET_KEY_FALLBACKS: app.config.secretKey }, codeOf(secret))).toBe(200);
    expect(await withKeys({}, codeOf(secret, 1))).toBe(200);
  });

  test('are sealed: a dump does not contain them, and another user’s row does not open', async () => {
    const { secret } = await setUpTotp(app, token);
    const other = await app.logIn('branch1');
    await setUpTotp(app, other);
    const [row] = await query<{ sealed: Buffer }>('SELECT sealed FROM totp_secret WHERE user_id = $1', [
      idOf('consultant1'),
    ]);
    expect(row?.sealed.length).toBe(12 + 16 + 20);
    await query(
      `UPDATE totp_secret t SET sealed = o.sealed, key_id = o.key_id FROM totp_secret o
       WHERE t.user_id = $1 AND o.user_id = $2`,
      [idOf('branch1'), idOf('consultant1')],
    );
    expect((await logIn(app, 'branch1', { code: codeOf(secret) })).body).toEqual({
      code: [
        'Codes of this authenticator app can no longer be checked. Use a recovery code or a passkey, or ask for a reset.',
      ],
    });
  });
});
