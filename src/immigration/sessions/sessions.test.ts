import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { PASSWORD, startTestApp, type TestApp } from '../../../test/helpers/app.js';
import { type LivePair, startLivePair } from '../../../test/helpers/live.js';
import { idOf, seedStaff } from '../../../test/helpers/staff.js';
import { statement } from '../../database/statement.js';

const PATH = '/api/v1/sessions/';
const USERS = '/api/v1/users/';
const NEW = 'zebra-Crossing-42';

interface Pair {
  readonly access: string;
  readonly refresh: string;
}

let pair: LivePair;
let app: TestApp;
let other: TestApp;
let admin: string;

beforeAll(async () => {
  pair = await startLivePair();
  ({ app, other } = pair);
  admin = pair.tokens.admin as string;
});
afterEach(() => pair?.closeStreams());
afterAll(() => pair?.close());

const logIn = async (username: string, password = PASSWORD, at = app): Promise<Pair> => {
  const { status, body } = await at.ask('POST', '/api/token/', { body: { username, password } });
  if (status !== 200) throw new Error(`log-in of ${username}: ${status}`);
  return body;
};
const refreshed = (refresh: string, at = app) => at.ask('POST', '/api/token/refresh/', { body: { refresh } });
const status = async (token: string, at = app) => (await at.ask('GET', `${USERS}profile/`, { token })).status;
const list = async (token: string) => (await app.ask('GET', PATH, { token })).body;
const query = <Row>(sql: string, values: unknown[] = []) =>
  app.database.tenantQuery<Row>({ schema: 'tenant_main', userId: null }, statement<Row>(sql, values));
/**
 * Waits for the next second, since tokens contain whole seconds: two sessions of one second cannot be distinguished.
 */
const nextSecond = () => sleep(1_001 - (Date.now() % 1_000));

describe('one’s own sessions', () => {
  test('are the refresh tokens that can still be exchanged, newest first, the present one known', async () => {
    await nextSecond();
    const first = await logIn('branch3');
    await nextSecond();
    const second = await logIn('branch3');
    const { count, results } = await list(second.access);
    expect(count).toBe(results.length);
    expect(results.slice(0, 2)).toEqual([
      {
        id: expect.any(Number),
        created_at: expect.stringMatching(/Z$/),
        expires_at: expect.any(String),
        current: true,
        device: 'Unknown device',
        address: '127.0.0.1',
        last_used_at: expect.any(String),
      },
      {
        id: expect.any(Number),
        created_at: expect.any(String),
        expires_at: expect.any(String),
        current: false,
        device: 'Unknown device',
        address: '127.0.0.1',
        last_used_at: expect.any(String),
      },
    ]);
    expect((await list(first.access)).results.map(({ current }: { current: boolean }) => current)).toContain(
      true,
    );
    // Also of a user who has exchanged the refresh token, and uses the older access token.
    await nextSecond();
    await refreshed(second.refresh);
    expect((await list(second.access)).results[0].current).toBe(true);
    await query(`UPDATE token_blacklist_outstandingtoken SET expires_at = now() WHERE user_id = $1`, [
      idOf('branch3'),
    ]);
    expect((await list(first.access)).results).toEqual([]);
  });

  test('of others are not seen and not ended', async () => {
    await logIn('consultant3');
    const { id } = (
      await query<{ id: number }>(
        `SELECT max(id) AS id FROM token_blacklist_outstandingtoken WHERE user_id = $1`,
        [idOf('consultant3')],
      )
    )[0]!;
    const answer = await app.ask('DELETE', `${PATH}${id}/`, { token: admin });
    expect([answer.status, answer.body]).toEqual([404, { detail: 'Session not found' }]);
  });

  test('one is ended: its refresh token is no good any more, streams end, others stay', async () => {
    const [doomed, kept] = [await logIn('consultant12'), await logIn('consultant12')];
    const stream = await pair.open({ at: other, token: doomed.access });
    const [{ id }] = (await query<{ id: number }>(
      `SELECT id FROM token_blacklist_outstandingtoken WHERE token = $1`,
      [createHash('sha256').update(doomed.refresh).digest('hex')],
    )) as [{ id: number }];
    expect((await app.ask('DELETE', `${PATH}${id}/`, { token: kept.access })).status).toBe(204);
    await stream.ended;
    expect((await refreshed(doomed.refresh)).body.detail).toBe('Token is blacklisted');
    expect((await refreshed(kept.refresh)).status).toBe(200);
    expect((await app.ask('DELETE', `${PATH}${id}/`, { token: kept.access })).status).toBe(404);
  });

  test('all are ended: refresh and access tokens in every process, and streams', async () => {
    const pairs = [await logIn('consultant12'), await logIn('consultant12')] as const;
    const stream = await pair.open({ at: other, token: pairs[1].access });
    const stranger = await pair.open({ at: other });
    const before = (await list(pairs[0].access)).count;
    const { body } = await app.ask('POST', `${PATH}end-all/`, { token: pairs[0].access });
    expect(body).toEqual({ ended: before, refresh: null, access: null });
    await stream.ended;
    for (const { access, refresh } of pairs) {
      expect(await status(access)).toBe(401);
      await expect.poll(() => status(access, other)).toBe(401);
      expect((await refreshed(refresh)).status).toBe(401);
    }
    const refused = await app.ask('GET', PATH, { token: pairs[0].access });
    expect(refused.body).toMatchObject({
      code: 'token_not_valid',
      messages: [{ message: 'Token is blacklisted' }],
    });
    expect(stranger.isEnded).toBe(false);
    // Immediately afterwards, in the same second, the user may log in again.
    const back = await logIn('consultant12');
    expect(await status(back.access)).toBe(200);
    expect((await list(back.access)).count).toBe(1);
    expect((await pair.open({ at: other, token: back.access })).response.statusCode).toBe(200);
  });

  test('all but one: it goes on with a new pair', async () => {
    const [mine, theirs] = [await logIn('consultant12'), await logIn('consultant12')];
    const before = (await list(mine.access)).count;
    const { body } = await app.ask('POST', `${PATH}end-all/`, {
      token: mine.access,
      body: { refresh: mine.refresh },
    });
    expect(body.ended).toBe(before - 1);
    for (const { access, refresh } of [mine, theirs]) {
      expect([await status(access), (await refreshed(refresh)).status]).toEqual([401, 401]);
    }
    expect(await status(body.access)).toBe(200);
    expect((await list(body.access)).results).toMatchObject([{ current: true }]);
    const next = await refreshed(body.refresh);
    expect([next.status, await status(next.body.access)]).toEqual([200, 200]);
  });

  test('a token that is none of one’s own stops it', async () => {
    const { access, refresh } = await logIn('consultant12');
    const stranger = await logIn('branch1');
    for (const given of ['x', access, stranger.refresh]) {
      const answer = await app.ask('POST', `${PATH}end-all/`, { token: access, body: { refresh: given } });
      expect([answer.status, Object.keys(answer.body)]).toEqual([400, ['refresh']]);
    }
    expect([await status(access), (await refreshed(refresh)).status]).toEqual([200, 200]);
  });

  test('a refresh at the same moment leaves none behind', async () => {
    for (let round = 0; round < 10; round++) {
      const sessions = await Promise.all([
        logIn('consultant12'),
        logIn('consultant12'),
        logIn('consultant12'),
      ]);
      const answers = await Promise.all([
        ...sessions.map(({ refresh }, index) => refreshed(refresh, index % 2 ? other : app)),
        app.ask('POST', `${PATH}end-all/`, { token: sessions[0].access }),
      ]);
      const got = answers
        .slice(0, -1)
        .filter((answer) => answer.status === 200)
        .map(({ body }) => body as Pair);
      for (const { access, refresh } of got) {
        // Either ended with all others, or begun after them.
        const [alive, open] = [await status(access), (await refreshed(refresh)).status];
        expect([alive, open]).toEqual(open === 200 ? [200, 200] : [401, 401]);
      }
      const last = await logIn('consultant12');
      await app.ask('POST', `${PATH}end-all/`, { token: last.access });
    }
  });
});

describe('who is disabled', () => {
  test('has no session left, nor a stream, and none comes back when they are enabled again', async () => {
    const session = await logIn('consultant1');
    const streams = [
      await pair.open({ token: session.access }),
      await pair.open({ at: other, token: session.access }),
    ];
    const path = `${USERS}${idOf('consultant1')}/`;
    for (const [off, body] of [
      ['DELETE', undefined],
      ['PATCH', { is_active: false }],
    ] as const) {
      const answer = await app.ask(off, path, { token: admin, body });
      expect(answer.status).toBe(off === 'DELETE' ? 204 : 200);
      if (off === 'DELETE') await Promise.all(streams.map(({ ended }) => ended));
      expect((await app.ask('GET', `${USERS}profile/`, { token: session.access })).body.code).toBe(
        'user_inactive',
      );
      expect((await refreshed(session.refresh)).status).toBe(401);
      expect((await app.ask('PATCH', path, { token: admin, body: { is_active: true } })).status).toBe(200);
      expect([await status(session.access), (await refreshed(session.refresh)).status]).toEqual([401, 401]);
      await expect.poll(() => status(session.access, other)).toBe(401);
    }
    expect(await status((await logIn('consultant1')).access)).toBe(200);
  });
});

describe('passwords', () => {
  test('one’s own is changed by who knows the present one; all sessions end and a new one begins', async () => {
    const [mine, theirs] = [await logIn('homeless'), await logIn('homeless')];
    const change = (current_password: string, new_password: string) =>
      app.ask('POST', `${USERS}change-password/`, {
        token: mine.access,
        body: { current_password, new_password },
      });
    expect((await change('wrong', NEW)).body).toEqual({
      current_password: ['Your old password was entered incorrectly. Please enter it again.'],
    });
    expect((await change(PASSWORD, 'homeless1')).body).toEqual({
      new_password: ['The password is too similar to the username.'],
    });
    expect((await change(PASSWORD, 'password')).body).toEqual({
      new_password: ['This password is too common.'],
    });
    expect(await status(mine.access)).toBe(200);
    const { body } = await change(PASSWORD, NEW);
    expect(await status(body.access)).toBe(200);
    for (const { access, refresh } of [mine, theirs]) {
      expect([await status(access), (await refreshed(refresh)).status]).toEqual([401, 401]);
    }
    await expect(logIn('homeless')).rejects.toThrow('401');
    expect(await status((await logIn('homeless', NEW)).access)).toBe(200);
  });

  test('of two changes at the same moment one succeeds', async () => {
    const { access } = await logIn('consultant3');
    const answers = await Promise.all(
      [app, other].map((at, index) =>
        at.ask('POST', `${USERS}change-password/`, {
          token: access,
          body: { current_password: PASSWORD, new_password: `${NEW}-${index}` },
        }),
      ),
    );
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 400]);
    await query(
      'UPDATE immigration_user SET password = (SELECT password FROM immigration_user WHERE id = 1) WHERE id = $1',
      [idOf('consultant3')],
    );
  });

  test('a log-in with the old one does not slip through while it is changed', async () => {
    const path = `${USERS}${idOf('branch3')}/set-password/`;
    for (let round = 0; round < 5; round++) {
      const [reset, ...logIns] = await Promise.all([
        app.ask('POST', path, { token: admin, body: { password: `${NEW}-${round}` } }),
        ...Array.from({ length: 4 }, (_, index) =>
          (index % 2 ? other : app).ask('POST', '/api/token/', {
            body: { username: 'branch3', password: round === 0 ? PASSWORD : `${NEW}-${round - 1}` },
          }),
        ),
      ]);
      expect(reset?.status).toBe(204);
      for (const { status: answered, body } of logIns) {
        if (answered === 200) expect((await refreshed(body.refresh)).status).toBe(401);
      }
    }
  });

  test('another’s is set by who may change that user, and ends their sessions', async () => {
    const session = await logIn('groupless');
    const stream = await pair.open({ at: other, token: session.access });
    const path = `${USERS}${idOf('groupless')}/set-password/`;
    expect((await app.ask('POST', path, { token: admin, body: { password: 'groupless' } })).body).toEqual({
      password: ['The password is too similar to the username.'],
    });
    expect(await status(session.access)).toBe(200);
    expect((await app.ask('POST', path, { token: admin, body: { password: NEW } })).status).toBe(204);
    await stream.ended;
    expect([await status(session.access), (await refreshed(session.refresh)).status]).toEqual([401, 401]);
    expect(await status((await logIn('groupless', NEW)).access)).toBe(200);
  });

  test('guesses of the present one are counted with failed log-ins', async () => {
    const strict = await startTestApp({ environment: { LOGIN_FAILURES_PER_ACCOUNT: '3' } });
    try {
      await seedStaff(strict);
      const token = await strict.logIn('consultant1');
      const guess = async (current_password: string) =>
        (
          await strict.ask('POST', `${USERS}change-password/`, {
            token,
            body: { current_password, new_password: NEW },
          })
        ).status;
      expect([await guess('a'), await guess('b'), await guess('c'), await guess(PASSWORD)]).toEqual([
        400, 400, 400, 429,
      ]);
    } finally {
      await strict.close();
    }
  });
});
