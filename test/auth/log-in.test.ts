import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { unusablePassword } from '../../src/auth/passwords.js';
import { withOwner } from '../../src/database/owner.js';
import { statement } from '../../src/database/statement.js';
import { PASSWORD, startTestApp, type TestApp } from '../helpers/app.js';
import { idOf, seedStaff } from '../helpers/staff.js';

const REFUSED = { detail: 'No active account found with the given credentials' };

const query = <Row>(app: TestApp, sql: string, values: unknown[] = []) =>
  app.database.tenantQuery<Row>({ schema: 'tenant_main', userId: null }, statement<Row>(sql, values));
const logIn = (app: TestApp, username: string, password = PASSWORD, host = 'main') =>
  app.ask('POST', '/api/token/', { host, body: { username, password } });

describe('a log-in', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp();
    await seedStaff(app);
    await seedStaff(app, 'tenant_demo');
  });
  afterAll(() => app?.close());

  test('that fails is answered alike, whatever the reason', async () => {
    await query(app, 'UPDATE immigration_user SET password = $2 WHERE id = $1', [
      idOf('homeless'),
      unusablePassword(),
    ]);
    for (const [username, password] of [
      ['admin', 'wrong'],
      ['nobody', PASSWORD],
      ['gone', PASSWORD],
      ['gone', 'wrong'],
      ['homeless', PASSWORD],
      ['ADMIN', PASSWORD],
      ['admin@example.com', PASSWORD],
      ["admin' --", PASSWORD],
      ['x'.repeat(10_000), PASSWORD],
      ['admin', PASSWORD.repeat(1_000)],
    ] as const) {
      const { status, body, headers } = await logIn(app, username, password);
      expect([status, body]).toEqual([401, REFUSED]);
      expect(headers['www-authenticate']).toBe('Bearer realm="api"');
    }
  });

  test('is of one tenant: the same name elsewhere is somebody else', async () => {
    await query(app, `UPDATE immigration_user SET username = 'only_here' WHERE id = $1`, [idOf('manager2')]);
    expect((await logIn(app, 'only_here')).status).toBe(200);
    expect((await logIn(app, 'only_here', PASSWORD, 'demo')).status).toBe(401);
  });

  test('leaves last_login and the account as they are', async () => {
    const account = async () =>
      (await query(app, 'SELECT * FROM immigration_user WHERE id = $1', [idOf('admin')]))[0];
    const before = await account();
    expect((await logIn(app, 'admin')).status).toBe(200);
    await logIn(app, 'admin', 'wrong');
    expect(await account()).toEqual(before);
    expect(before).toMatchObject({ last_login: null });
  });

  test('wants both fields, as text', async () => {
    const ask = async (body: object) => (await app.ask('POST', '/api/token/', { body })).body;
    expect(await ask({ username: '  ', password: '' })).toEqual({
      username: ['This field may not be blank.'],
      password: ['This field may not be blank.'],
    });
    expect(await ask({ username: null, password: ['x'] })).toEqual({
      username: ['This field may not be null.'],
      password: ['Not a valid string.'],
    });
    expect(await ask({ username: 'a\0', password: '\ud800' })).toEqual({
      username: ['Null characters are not allowed.'],
      password: ['Not a valid string.'],
    });
  });

  const LONG = 120_000; // 176 log-ins, on a busy machine
  test('takes as long for an unknown name, or one that is switched off, as for a known one', {
    timeout: LONG,
  }, async () => {
    const kinds: Record<string, () => string> = {
      known: () => 'admin',
      unknown: () => randomUUID(),
      inactive: () => 'gone',
      unusable: () => 'homeless',
    };
    const times = new Map(Object.keys(kinds).map((kind): [string, number[]] => [kind, []]));
    for (let round = 0; round < 44; round++) {
      for (const [kind, username] of Object.entries(kinds)) {
        const start = performance.now();
        await logIn(app, username(), 'wrong');
        if (round >= 4) times.get(kind)?.push(performance.now() - start); // the first ones warm up
      }
    }
    const median = (kind: string) => times.get(kind)?.sort((a, b) => a - b)[20] as number;
    for (const kind of ['unknown', 'inactive', 'unusable']) {
      const ratio = median(kind) / median('known');
      expect(ratio, kind).toBeGreaterThan(0.7);
      expect(ratio, kind).toBeLessThan(1.3);
    }
  });
});

describe('failed log-ins', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({
      environment: {
        LOGIN_FAILURES_PER_ACCOUNT: '3',
        LOGIN_FAILURES_PER_ADDRESS: '12',
        LOGIN_FAILURES_PER_ADDRESS_ANYWHERE: '18',
        LOGIN_FAILURE_WINDOW: '600',
        TRUSTED_PROXIES: '127.0.0.1',
      },
    });
    await seedStaff(app);
    await seedStaff(app, 'tenant_demo');
  });
  afterAll(() => app?.close());

  let lastAddress = 0;
  const newAddress = () => `198.51.100.${++lastAddress}`;
  const from = (address: string, username: string, password = 'wrong', host = 'main') =>
    app.ask('POST', '/api/token/', {
      host,
      headers: { 'x-forwarded-for': address },
      body: { username, password },
    });
  const fail = async (times: number, address: string, username: string | (() => string)) => {
    for (let i = 0; i < times; i++) {
      const name = typeof username === 'string' ? username : username();
      expect((await from(address, name)).status).toBe(401);
    }
  };

  test('of one account are limited, wherever they come from', async () => {
    await fail(2, newAddress(), 'branch1');
    await fail(1, newAddress(), 'branch1');
    for (const password of ['wrong', PASSWORD]) {
      const { status, headers, body } = await from(newAddress(), 'branch1', password);
      expect(status).toBe(429);
      const wait = Number(headers['retry-after']);
      expect(wait).toBeGreaterThan(590);
      expect(wait).toBeLessThanOrEqual(600);
      expect(body).toEqual({ detail: `Request was throttled. Expected available in ${wait} seconds.` });
    }
    expect((await from(newAddress(), 'branch3', PASSWORD)).status).toBe(200);
  });

  test('of unknown names too, so that the answer does not tell them apart', async () => {
    await fail(3, newAddress(), 'nobody-at-all');
    expect((await from(newAddress(), 'nobody-at-all')).status).toBe(429);
  });

  test('of one address are limited, whatever the accounts', async () => {
    const address = newAddress();
    await fail(12, address, () => `guess-${randomUUID()}`);
    expect((await from(address, 'admin', PASSWORD)).status).toBe(429);
    expect((await from(newAddress(), 'admin', PASSWORD)).status).toBe(200);
  });

  test('of one tenant do not lock another out', async () => {
    const address = newAddress();
    await fail(3, address, 'manager1');
    await fail(9, address, () => `guess-${randomUUID()}`);
    expect((await from(address, 'manager1', PASSWORD)).status).toBe(429);
    expect((await from(address, 'manager1', PASSWORD, 'demo')).status).toBe(200);
  });

  test('of one address are limited over all tenants too, at a higher number', async () => {
    const address = newAddress();
    const guess = (host: string) => from(address, `guess-${randomUUID()}`, 'wrong', host);
    for (let i = 0; i < 10; i++) expect((await guess('main')).status).toBe(401);
    for (let i = 0; i < 8; i++) expect((await guess('demo')).status).toBe(401);
    for (const host of ['main', 'demo']) {
      expect((await from(address, 'admin', PASSWORD, host)).status).toBe(429);
      expect((await from(newAddress(), 'admin', PASSWORD, host)).status).toBe(200);
    }
  });

  test('of addresses of one /64 count together, of an IPv4-mapped one with the IPv4 address', async () => {
    for (let i = 1; i <= 12; i++) await fail(1, `2001:db8:7::${i}`, () => `guess-${randomUUID()}`);
    expect((await from('2001:db8:7:0:abcd::1', 'admin', PASSWORD)).status).toBe(429);
    expect((await from('2001:db8:7:1::1', 'admin', PASSWORD)).status).toBe(200);
    const address = newAddress();
    await fail(12, address, () => `guess-${randomUUID()}`);
    expect((await from(`::ffff:${address}`, 'admin', PASSWORD)).status).toBe(429);
  });

  test('are forgotten after a success, which itself does not count', async () => {
    const address = newAddress();
    for (let i = 0; i < 3; i++) {
      await fail(2, address, 'consultant1');
      expect((await from(address, 'consultant1', PASSWORD)).status).toBe(200);
    }
    for (let i = 0; i < 13; i++) {
      expect((await from(address, 'consultant12', PASSWORD)).status).toBe(200);
    }
  });

  test('count until the window ends', async () => {
    const age = (seconds: number) =>
      query(
        app,
        'UPDATE login_failure SET window_started_at = now() - make_interval(secs => $1) WHERE key = $2',
        [seconds, 'consultant3'],
      );
    await fail(3, newAddress(), 'consultant3');
    await age(590);
    const late = await from(newAddress(), 'consultant3', PASSWORD);
    expect(late.status).toBe(429);
    expect(Number(late.headers['retry-after'])).toBeLessThanOrEqual(10);
    await age(601);
    // A new window begins with the next failure.
    await fail(3, newAddress(), 'consultant3');
    expect((await from(newAddress(), 'consultant3', PASSWORD)).status).toBe(429);
    await age(601);
    expect((await from(newAddress(), 'consultant3', PASSWORD)).status).toBe(200);
  });

  test('count no longer than that when the clock was set back meanwhile', async () => {
    const setBack = () =>
      withOwner(app.databases.owner, async (client) => {
        for (const table of [
          'tenant_main.login_failure',
          'tenant_demo.login_failure',
          'public.login_address',
        ])
          await client.query(
            `UPDATE ${table} SET window_started_at = window_started_at + interval '2 hours'`,
          );
      });
    const address = newAddress();
    await fail(3, newAddress(), 'consultant3');
    await fail(12, address, () => `guess-${randomUUID()}`);
    for (let i = 0; i < 6; i++) await from(address, `guess-${randomUUID()}`, 'wrong', 'demo');
    expect((await from(newAddress(), 'consultant3', PASSWORD)).status).toBe(429);
    for (const host of ['main', 'demo'])
      expect((await from(address, 'admin', PASSWORD, host)).status).toBe(429);
    await setBack();
    for (const host of ['main', 'demo'])
      expect((await from(address, 'admin', PASSWORD, host)).status).toBe(200);
    // A new window begins with the next failure.
    await fail(3, newAddress(), 'consultant3');
    expect((await from(newAddress(), 'consultant3', PASSWORD)).status).toBe(429);
    await setBack();
    expect((await from(newAddress(), 'consultant3', PASSWORD)).status).toBe(200);
  });

  test('begun at the same moment: no more than the limit learn anything', async () => {
    const guesses = Array.from({ length: 20 }, (_, i) => from(newAddress(), 'manager2', `guess ${i}`));
    const statuses = (await Promise.all(guesses)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 401).length).toBe(3);
    expect(statuses.filter((status) => status === 429).length).toBe(17);
    expect((await from(newAddress(), 'manager2', PASSWORD)).status).toBe(429);
  });

  test('that are no attempt do not count', async () => {
    const address = newAddress();
    for (let i = 0; i < 15; i++) {
      const { status } = await app.ask('POST', '/api/token/', {
        headers: { 'x-forwarded-for': address },
        body: { username: 'root' },
      });
      expect(status).toBe(400);
    }
    expect((await from(address, 'root', PASSWORD)).status).toBe(200);
  });
});
