import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { KEPT_ENDED_SESSIONS } from '../../src/auth/ended-tokens.js';
import { SessionUse } from '../../src/auth/session-use.js';
import { withOwner } from '../../src/database/owner.js';
import { statement } from '../../src/database/statement.js';
import { PASSWORD, type TestApp } from '../helpers/app.js';
import { type LivePair, startLivePair } from '../helpers/live.js';
import { recordSentBatches } from '../helpers/sent-batches.js';
import { idOf } from '../helpers/staff.js';
import { tenantSql } from '../helpers/tenant-sql.js';
import { claimsOf, forge } from './forge.js';

const PROFILE = '/api/v1/users/profile/';
const SESSIONS = '/api/v1/sessions/';
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';

interface Pair {
  readonly access: string;
  readonly refresh: string;
}

let live: LivePair;
let app: TestApp;
let other: TestApp;

beforeAll(async () => {
  live = await startLivePair();
  ({ app, other } = live);
});
afterEach(() => live?.closeStreams());
afterAll(() => live?.close());

const logIn = async (username = 'consultant12', agent = FIREFOX): Promise<Pair> => {
  const body = { username, password: PASSWORD };
  const answer = await app.ask('POST', '/api/token/', { body, headers: { 'user-agent': agent } });
  if (answer.status !== 200) throw new Error(`log-in: ${answer.status}`);
  return answer.body;
};
const refresh = (token: string, at = app) =>
  at.ask('POST', '/api/token/refresh/', { body: { refresh: token } });
const logOut = (token: string, at = app) =>
  at.ask('POST', '/api/token/blacklist/', { body: { refresh: token } });
const status = async (token: string, at = app) => (await at.ask('GET', PROFILE, { token })).status;
const query = <Row>(sql: string, values: unknown[] = []) =>
  app.database.tenantQuery<Row>({ schema: 'tenant_main', userId: null }, statement<Row>(sql, values));
const eventsOf = async (sid: string) =>
  (
    await query<{ kind: string }>('SELECT kind FROM security_event WHERE session_id = $1 ORDER BY id', [sid])
  ).map(({ kind }) => kind);
/** Makes a spent refresh token one that was spent a minute ago. */
const makeOlder = (token: string) =>
  query(
    `UPDATE token_blacklist_blacklistedtoken SET blacklisted_at = blacklisted_at - interval '1 minute'
     WHERE token_id = (SELECT id FROM token_blacklist_outstandingtoken WHERE jti = $1)`,
    [claimsOf(token).jti],
  );
const isOpen = async ({ access }: Pair) => [await status(access), await status(access, other)];
const listOf = async (path: string, token: string) => (await app.ask('GET', path, { token })).body.results;

/** Checks that a session has ended: at once in the process that ended it, and soon in the other one. */
async function expectEnded(pair: Pair, at = app): Promise<void> {
  expect(await status(pair.access, at)).toBe(401);
  await expect.poll(() => status(pair.access, at === app ? other : app)).toBe(401);
  expect((await refresh(pair.refresh)).body.detail).toBe('Token is blacklisted');
  for (const token of [pair.access, pair.refresh]) {
    expect((await app.ask('POST', '/api/token/verify/', { body: { token } })).status).toBe(401);
  }
}

describe('a log-out', () => {
  test('ends both tokens in every process, and only the streams of its session', async () => {
    const [mine, kept] = [await logIn(), await logIn()];
    const ending = [
      await live.open({ token: mine.access }),
      await live.open({ at: other, token: mine.access }),
    ];
    const staying = await live.open({ at: other, token: kept.access });
    expect(await isOpen(mine)).toEqual([200, 200]);
    expect((await logOut(mine.refresh)).status).toBe(200);
    await Promise.all(ending.map(({ ended }) => ended));
    await expectEnded(mine);
    expect(await isOpen(kept)).toEqual([200, 200]);
    expect(staying.isEnded).toBe(false);
    expect((await app.ask('GET', PROFILE, { token: mine.access })).body).toMatchObject({
      code: 'token_not_valid',
      messages: [{ message: 'Token is blacklisted' }],
    });
    expect(await eventsOf(claimsOf(mine.refresh).sid)).toContain('logout');
  });

  test('ends the access tokens of earlier exchanges too', async () => {
    const first = await logIn();
    const { body: second } = await refresh(first.refresh);
    expect(claimsOf(second.access).sid).toBe(claimsOf(first.access).sid);
    await logOut(second.refresh);
    expect([await status(first.access), await status(second.access)]).toEqual([401, 401]);
  });

  test('costs a request no further query, and one more only beyond a bound', async () => {
    const [mine, kept] = [await logIn('branch3'), await logIn('branch3')];
    await logOut(mine.refresh);
    expect([await status(kept.access), await status(mine.access)]).toEqual([200, 401]);
    const sent = recordSentBatches();
    try {
      expect([await status(mine.access), await status(mine.access)]).toEqual([401, 401]);
      expect(JSON.stringify(sent.batches)).not.toContain('user_session');
    } finally {
      sent.stop();
    }
    await query(
      `INSERT INTO user_session (id, sid, user_id, token_id, created_at, last_used_at, expires_at, access_until,
                                 ended_at, end_reason)
       SELECT 1000000 + n, 'many' || n, $1, 1000000 + n, now(), now(), now(), now() + interval '1 day', now(), 'log_out'
       FROM generate_series(1, $2::integer) n`,
      [idOf('branch3'), KEPT_ENDED_SESSIONS + 50],
    );
    await logOut((await logIn('branch3')).refresh);
    for (const at of [app, other]) {
      await expect
        .poll(async () => [await status(kept.access, at), await status(mine.access, at)])
        .toEqual([200, 401]);
    }
    await query(`DELETE FROM user_session WHERE sid LIKE 'many%'`);
  });

  test('with tokens from before there were sessions ends what it did: the refresh token, and streams', async () => {
    const { sid: _access, ...access } = claimsOf((await logIn()).access);
    const first = await logIn();
    const { sid: _refresh, ...claims } = claimsOf(first.refresh);
    await query('DELETE FROM user_session WHERE sid = $1', [claimsOf(first.refresh).sid]);
    const key = app.config.secretKey;
    const old = { access: forge(access, key), refresh: forge(claims, key) };
    const stream = await live.open({ at: other, token: old.access });
    expect(await isOpen(old)).toEqual([200, 200]);
    const [listed] = await listOf(SESSIONS, old.access);
    expect(listed).toMatchObject({ current: null, device: '', address: '' });
    const { body: next } = await refresh(old.refresh);
    const sid = claimsOf(next.refresh).sid;
    expect(sid).toMatch(/^[0-9a-f]{32}$/);
    expect((await listOf(SESSIONS, next.access))[0]).toMatchObject({ id: listed.id, current: true });
    await logOut(next.refresh);
    await stream.ended;
    await expectEnded(next);
    expect(await isOpen(old)).toEqual([200, 200]);
  });
});

describe('a spent refresh token that is used again', () => {
  test('ends all tokens of its session, in every process, and is logged', async () => {
    const first = await logIn();
    const bystander = await logIn();
    const { body: second } = await refresh(first.refresh);
    const stream = await live.open({ at: other, token: second.access });
    expect((await refresh(first.refresh, other)).body).toEqual({
      detail: 'Token is blacklisted',
      code: 'token_not_valid',
    });
    await stream.ended;
    await expectEnded(second, other);
    expect(await isOpen(bystander)).toEqual([200, 200]);
    // Within seconds it may be a client's own repetition, which goes on with the access token that it has.
    expect(await isOpen(first)).toEqual([200, 200]);
    await refresh(first.refresh);
    const { sid } = claimsOf(first.refresh);
    const reuses = async () => (await eventsOf(sid)).filter((kind) => kind === 'refresh_reused').length;
    expect(await reuses()).toBe(1);
    await makeOlder(first.refresh);
    await refresh(first.refresh);
    await expectEnded(first);
    expect(await reuses()).toBe(2);
    await refresh(first.refresh);
    expect(await reuses()).toBe(2);
  });

  test('ends everything when it is older than a repetition can be, or not the last one', async () => {
    const first = await logIn();
    const { body: second } = await refresh(first.refresh);
    await makeOlder(first.refresh);
    await refresh(first.refresh);
    for (const pair of [first, second]) await expectEnded(pair);

    const one = await logIn();
    const { body: two } = await refresh(one.refresh);
    const { body: three } = await refresh(two.refresh);
    await refresh(one.refresh);
    for (const pair of [one, two, three]) await expectEnded(pair);
  });

  test('is found at a log-out as well, and in tokens from before there were sessions', async () => {
    const first = await logIn();
    const { body: second } = await refresh(first.refresh);
    expect((await logOut(first.refresh)).status).toBe(401);
    await expectEnded(second);

    const issued = await logIn();
    const { sid, ...claims } = claimsOf(issued.refresh);
    await query('DELETE FROM user_session WHERE sid = $1', [sid]);
    const old = forge(claims, app.config.secretKey);
    const { body: next } = await refresh(old);
    expect((await refresh(old)).status).toBe(401);
    await expectEnded(next);
  });

  test('at the same moment, as from two tabs, ends nothing: one gets the pair', async () => {
    for (const ends of [[app, app] as const, [app, other] as const]) {
      const first = await logIn();
      const answers = await whileHeld(idOf('consultant12'), 2, () =>
        Promise.all(ends.map((at) => refresh(first.refresh, at))),
      );
      expect(answers.map((answer) => answer.status).toSorted()).toEqual([200, 401]);
      const { body: pair } = answers.find((answer) => answer.status === 200)!;
      expect(await isOpen(pair)).toEqual([200, 200]);
      expect((await refresh(pair.refresh)).status).toBe(200);
      expect(await eventsOf(claimsOf(first.refresh).sid)).not.toContain('refresh_reused');
    }
  });
});

/** Runs `work` while a user's row is locked, until as many transactions wait for it: they are under way at the same time. */
async function whileHeld<T>(id: number, waiting: number, work: () => Promise<T>): Promise<T> {
  return await withOwner(app.databases.admin, async (client) => {
    await client.query('BEGIN');
    await client.query('SELECT FROM tenant_main.immigration_user WHERE id = $1 FOR UPDATE', [id]);
    const working = work();
    const count = `SELECT count(*)::integer AS count FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    // On another connection: a transaction would see the same activity each time.
    const seen = async () => (await tenantSql(app.databases.admin, count))[0]?.count;
    await expect.poll(seen).toBe(waiting);
    await client.query('COMMIT');
    return await working;
  });
}

describe('the list', () => {
  test('shows device, address and last use, and knows the present session in the same second', async () => {
    const pairs = await Promise.all([logIn('consultant3'), logIn('consultant3', 'curl/8.5.0')]);
    for (const [index, { access }] of pairs.entries()) {
      const sessions = await listOf(SESSIONS, access);
      const present = sessions.filter(({ current }: { current: boolean }) => current);
      expect(present).toEqual([
        {
          id: expect.any(Number),
          created_at: expect.stringMatching(/Z$/),
          expires_at: expect.stringMatching(/Z$/),
          current: true,
          device: ['Firefox on Linux', 'curl 8.5.0'][index],
          address: '127.0.0.1',
          last_used_at: expect.stringMatching(/Z$/),
        },
      ]);
    }
  });

  test('keeps the id of a session whose token was exchanged', async () => {
    const first = await logIn('consultant3');
    const [before] = await listOf(SESSIONS, first.access);
    const { body: second } = await refresh(first.refresh);
    const [after] = await listOf(SESSIONS, second.access);
    expect(after).toMatchObject({ id: before.id, created_at: before.created_at, current: true });
  });
});

describe('the last use', () => {
  test('is written down now and then, not by requests', async () => {
    const { access } = await logIn('consultant3');
    const { sid } = claimsOf(access);
    const lastUse = async () =>
      (
        await query<{ age: number }>(
          'SELECT extract(epoch FROM now() - last_used_at)::float8 AS age FROM user_session WHERE sid = $1',
          [sid],
        )
      )[0]!.age;
    await query(`UPDATE user_session SET last_used_at = now() - interval '1 hour' WHERE sid = $1`, [sid]);
    const use = new SessionUse(app.database, (error) => {
      throw error;
    });
    expect(await status(access)).toBe(200);
    expect(await lastUse()).toBeGreaterThan(3_000);
    use.note('tenant_main', sid);
    await use.close();
    expect(await lastUse()).toBeLessThan(60);
  });
});

describe('an admin', () => {
  const pathOf = (username: string) => `/api/v1/users/${idOf(username)}/sessions/`;

  test('sees a user’s sessions, and ends one or all of them', async () => {
    const admin = await app.logIn('admin');
    const [first, second] = [await logIn('consultant1'), await logIn('consultant1', 'curl/8.5.0')];
    const stream = await live.open({ at: other, token: first.access });
    const listed = await listOf(pathOf('consultant1'), admin);
    expect(listed.map(({ current }: { current: boolean }) => current)).not.toContain(true);
    const { id } = listed.find(({ device }: { device: string }) => device === 'Firefox on Linux');
    expect((await app.ask('DELETE', `${pathOf('consultant1')}${id}/`, { token: admin })).status).toBe(204);
    await stream.ended;
    await expectEnded(first);
    expect(await isOpen(second)).toEqual([200, 200]);
    expect((await app.ask('DELETE', `${pathOf('consultant1')}${id}/`, { token: admin })).body).toEqual({
      detail: 'Session not found',
    });
    const { body } = await app.ask('POST', `/api/v1/users/${idOf('consultant1')}/end-sessions/`, {
      token: admin,
    });
    expect(body).toEqual({ ended: listed.length - 1 });
    await expectEnded(second);
  });

  test('does not do so for users beyond their rights, nor at the path of another user', async () => {
    const target = await logIn('admin');
    const [{ id }] = await listOf(SESSIONS, target.access);
    const manager = await app.logIn('manager1');
    const consultant = await app.logIn('consultant1');
    for (const [token, path, expected] of [
      [manager, pathOf('admin'), [404, 403]],
      [consultant, pathOf('admin'), [403]],
      [consultant, pathOf('consultant1'), [403]],
    ] as const) {
      expect(expected).toContain((await app.ask('GET', path, { token })).status);
      expect(expected).toContain((await app.ask('DELETE', `${path}${id}/`, { token })).status);
      expect(expected).toContain(
        (await app.ask('POST', path.replace('sessions/', 'end-sessions/'), { token })).status,
      );
    }
    const elsewhere = await app.ask('DELETE', `${pathOf('consultant1')}${id}/`, { token: target.access });
    expect(elsewhere.status).toBe(404);
    expect(await isOpen(target)).toEqual([200, 200]);
  });
});
