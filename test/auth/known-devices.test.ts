import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { statement } from '../../src/database/statement.js';
import { PASSWORD, startTestApp, type TestApp } from '../helpers/app.js';
import { type Mailbox, startMailbox } from '../helpers/mailbox.js';
import { idOf, seedStaff } from '../helpers/staff.js';

let app: TestApp;
let mailbox: Mailbox;

beforeAll(async () => {
  app = await startTestApp({
    environment: {
      LOGIN_FAILURES_PER_ACCOUNT: '3',
      LOGIN_FAILURES_PER_ADDRESS: '6',
      TRUSTED_PROXIES: '127.0.0.1',
    },
  });
  await seedStaff(app);
  await seedStaff(app, 'tenant_demo');
  mailbox = await startMailbox(app);
});
afterAll(async () => {
  await mailbox?.close();
  await app?.close();
});
beforeEach(async () => {
  await query('DELETE FROM known_device');
  await query('DELETE FROM login_failure');
  await mailbox.arrived();
});

const query = <Row>(sql: string, values: unknown[] = []) =>
  app.database.tenantQuery<Row>({ schema: 'tenant_main', userId: null }, statement<Row>(sql, values));

interface Client {
  readonly address: string;
  readonly agent?: string;
  readonly token?: string;
}

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
const NEWER_FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0';
const CHROME = 'Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36';
const newToken = () => randomUUID();
let last = 0;
const stranger = (): Client => ({ address: `198.51.100.${++last % 250}`, agent: FIREFOX });
const logIn = async (
  username: string,
  { address, agent, token }: Client,
  password = PASSWORD,
  host = 'main',
) =>
  (
    await app.ask('POST', '/api/token/', {
      host,
      headers: {
        'x-forwarded-for': address,
        ...(agent && { 'user-agent': agent }),
        ...(token && { 'x-device-token': token }),
      },
      body: { username, password },
    })
  ).status;
/** Locks an account by guesses from everywhere. */
async function lock(username: string): Promise<void> {
  const statuses: number[] = [];
  for (let n = 0; n < 4; n++) statuses.push(await logIn(username, stranger(), 'wrong'));
  expect(statuses).toEqual([401, 401, 401, 429]);
}

describe('an account that strangers have locked', () => {
  test('is open to a device that sends its token, wherever it is, and to no other', async () => {
    const token = newToken();
    expect(await logIn('branch1', { address: '203.0.113.1', token })).toBe(200);
    await lock('branch1');
    expect(await logIn('branch1', stranger())).toBe(429);
    expect(await logIn('branch1', { ...stranger(), token: newToken() })).toBe(429);
    expect(await logIn('branch1', { ...stranger(), token })).toBe(200);
    // Nor does that log-in open it to them.
    expect(await logIn('branch1', stranger())).toBe(429);
  });

  test('is open from a place that is known: the same network, browser and system', async () => {
    const home = { address: '203.0.113.2', agent: FIREFOX };
    expect(await logIn('branch1', home)).toBe(200);
    await lock('branch1');
    expect(await logIn('branch1', { ...home, agent: CHROME })).toBe(429);
    expect(await logIn('branch1', { ...home, address: '203.0.113.3' })).toBe(429);
    expect(await logIn('branch1', { ...home, agent: NEWER_FIREFOX })).toBe(200);
  });

  test('of another user, or another agency, is not opened by the device', async () => {
    const client = { address: '203.0.113.4', agent: FIREFOX, token: newToken() };
    expect(await logIn('branch1', client)).toBe(200);
    await lock('branch3');
    expect(await logIn('branch3', client)).toBe(429);
    expect(await logIn('branch1', client, PASSWORD, 'demo')).toBe(200);
    for (let n = 0; n < 3; n++) await logIn('manager1', stranger(), 'wrong', 'demo');
    expect(await logIn('manager1', client, PASSWORD, 'demo')).toBe(429);
  });

  test('is locked for a device that was not seen for long', async () => {
    const token = newToken();
    expect(await logIn('branch1', { address: '203.0.113.5', token })).toBe(200);
    await query(`UPDATE known_device SET seen_at = now() - interval '91 days'`);
    await lock('branch1');
    expect(await logIn('branch1', { ...stranger(), token })).toBe(429);
  });
});

describe('failures of a known device', () => {
  test('are bounded too, and lock nobody else', async () => {
    const token = newToken();
    const device = () => ({ ...stranger(), token });
    expect(await logIn('branch1', device())).toBe(200);
    const statuses: number[] = [];
    for (let n = 0; n < 5; n++) statuses.push(await logIn('branch1', device(), 'wrong'));
    expect(statuses).toEqual([401, 401, 401, 429, 429]);
    expect(await logIn('branch1', device())).toBe(429);
    expect(await logIn('branch1', stranger())).toBe(200);
  });

  test('begun at the same moment: no more than the limit learn anything', async () => {
    const token = newToken();
    expect(await logIn('branch1', { ...stranger(), token })).toBe(200);
    const guesses = Array.from({ length: 12 }, (_, n) =>
      logIn('branch1', { ...stranger(), token }, `guess ${n}`),
    );
    const statuses = await Promise.all(guesses);
    expect(statuses.filter((status) => status === 401)).toHaveLength(3);
  });

  test('are forgotten when it logs in, and when somebody unlocks the user', async () => {
    const home = { address: '203.0.113.6', agent: CHROME };
    const fail = async () => {
      for (let n = 0; n < 3; n++) expect(await logIn('branch1', home, 'wrong')).toBe(401);
    };
    expect(await logIn('branch1', home)).toBe(200);
    expect(await logIn('branch1', home, 'wrong')).toBe(401);
    expect(await logIn('branch1', home)).toBe(200);
    await fail();
    await query(`DELETE FROM login_failure WHERE kind = 'address'`);
    expect(await logIn('branch1', home)).toBe(429);
    const admin = await app.logIn('admin');
    const path = `/api/v1/users/${idOf('branch1')}/unlock/`;
    expect((await app.ask('POST', path, { token: admin })).status).toBe(204);
    expect(await logIn('branch1', home)).toBe(200);
  });

  test('count for the address of a place, which others share, but not for that of a token', async () => {
    const address = '203.0.113.7';
    const token = newToken();
    expect(await logIn('branch1', { address, agent: FIREFOX, token })).toBe(200);
    for (let n = 0; n < 6; n++) await logIn(`nobody-${n}`, { address }, 'wrong');
    expect(await logIn('branch1', { address, agent: FIREFOX })).toBe(429);
    expect(await logIn('branch1', { address, agent: FIREFOX, token })).toBe(200);
  });
});

describe('a log-in from somewhere new', () => {
  const seen = async () => (await mailbox.arrived()).map(({ to, subject }) => [to, subject]);

  test('is told by e-mail, but for the first one and those from where the user was before', async () => {
    const token = newToken();
    expect(await logIn('manager1', { address: '203.0.113.20', agent: FIREFOX, token })).toBe(200);
    expect(await logIn('manager1', { address: '203.0.113.20', agent: FIREFOX })).toBe(200);
    expect(await logIn('manager1', { address: '203.0.113.21', agent: CHROME, token })).toBe(200);
    expect(await seen()).toEqual([]);
    expect(await logIn('manager1', { address: '203.0.113.22', agent: CHROME })).toBe(200);
    expect(await seen()).toEqual([['manager1@example.com', 'New log-in at Tenant main']]);
    expect(mailbox.mails.at(-1)?.text).toContain('Chrome on Windows\n  203.0.113.22');
    expect(await logIn('manager1', { address: '203.0.113.22', agent: CHROME })).toBe(200);
    expect(await logIn('manager1', { address: '203.0.113.23', agent: CHROME }, 'wrong')).toBe(401);
    expect(await seen()).toEqual([]);
  });

  test('is remembered of the last fifty only', async () => {
    await query(
      `INSERT INTO known_device (user_id, hash, is_token, seen_at)
       SELECT $1, sha256(n::text::bytea), false, now() - make_interval(mins => n) FROM generate_series(1, 60) n`,
      [idOf('manager2')],
    );
    expect(await logIn('manager2', { address: '203.0.113.30', agent: FIREFOX })).toBe(200);
    const rows = await query('SELECT FROM known_device WHERE user_id = $1', [idOf('manager2')]);
    expect(rows).toHaveLength(50);
  });

  test('stores no token that is too short, nor any as it was sent', async () => {
    const token = newToken();
    await logIn('manager1', { address: '203.0.113.40', token: 'short' });
    await logIn('manager1', { address: '203.0.113.40', token });
    const rows = await query<{ is_token: boolean; text: string }>(
      `SELECT is_token, encode(hash, 'escape') AS text FROM known_device WHERE user_id = $1 ORDER BY is_token`,
      [idOf('manager1')],
    );
    expect(rows.map(({ is_token }) => is_token)).toEqual([false, true]);
    expect(rows[1]?.text).not.toContain(token);
  });
});
