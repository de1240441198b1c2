import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { unusablePassword } from '../../src/auth/passwords.js';
import { withOwner } from '../../src/database/owner.js';
import { statement } from '../../src/database/statement.js';
import { PASSWORD, startTestApp, type TestApp } from '../helpers/app.js';
import { type Mailbox, startMailbox } from '../helpers/mailbox.js';
import { idOf, seedStaff } from '../helpers/staff.js';
import { setUpTotp } from './factors.js';

const PATH = '/api/password-reset/';
const ENVIRONMENT = { TRUSTED_PROXIES: '127.0.0.1', PASSWORD_RESETS_PER_ADDRESS: '30' };
const NEW = 'zebra-Crossing-42';
const TOLD = { detail: 'If there is such a user, an e-mail with a link is on its way.' };
const BAD_LINK = {
  token: ['This link is not valid, was used before or has expired. Ask for a new one.'],
};

let app: TestApp;
let mailbox: Mailbox;

beforeAll(async () => {
  app = await startTestApp({ environment: ENVIRONMENT });
  await seedStaff(app);
  await seedStaff(app, 'tenant_demo');
  mailbox = await startMailbox(app);
});
afterAll(async () => {
  await mailbox?.close();
  await app?.close();
});
beforeEach(async () => {
  await mailbox.arrived();
  await query('DELETE FROM delivery');
  await query('DELETE FROM account_link');
});

const query = <Row>(sql: string, values: unknown[] = []) =>
  app.database.tenantQuery<Row>({ schema: 'tenant_main', userId: null }, statement<Row>(sql, values));
let lastAddress = 0;
const newAddress = () => `198.51.100.${++lastAddress % 250}`;
const ask = (body: object, address = newAddress(), host = 'main', at = app) =>
  at.ask('POST', PATH, { host, body, headers: { 'x-forwarded-for': address } });
const confirm = (token: string | null, password = NEW, host = 'main') =>
  app.ask('POST', `${PATH}confirm/`, { host, body: { token, password } });
const logIn = (username: string, password: string, more: object = {}) =>
  app.ask('POST', '/api/token/', { body: { username, password, ...more } });
/** Returns the token that a user gets by e-mail. */
async function tokenFor(username: string): Promise<string> {
  expect(await ask({ username })).toMatchObject({ status: 200, body: TOLD });
  const [mail] = await mailbox.arrived();
  expect(mail?.to).toBe(`${username}@example.com`);
  return mail?.token as string;
}

describe('a forgotten password', () => {
  test('is replaced with the link of an e-mail, which ends every session', async () => {
    const access = await app.logIn('branch1');
    const token = await tokenFor('branch1');
    const { text, subject } = mailbox.mails.at(-1)!;
    expect(subject).toBe('Set a new password at Tenant main');
    expect(text).toContain(`http://main-immigrate.localhost/reset-password#token=${token}`);
    expect(text).toContain('for 1 hour');
    expect(await confirm(token)).toMatchObject({ status: 200 });
    expect((await app.ask('GET', '/api/v1/users/profile/', { token: access })).status).toBe(401);
    expect((await logIn('branch1', PASSWORD)).status).toBe(401);
    expect((await logIn('branch1', NEW)).status).toBe(200);
    expect(await mailbox.arrived()).toMatchObject([
      { to: 'branch1@example.com', subject: 'Your password at Tenant main was changed' },
    ]);
  });

  test('is replaced without a log-in: the second factor is still asked for', async () => {
    const { recovery } = await setUpTotp(app, await app.logIn('manager1'), { step: 0 });
    await mailbox.arrived();
    const set = await confirm(await tokenFor('manager1'));
    expect([set.status, Object.keys(set.body)]).toEqual([200, ['detail']]);
    expect(await logIn('manager1', NEW)).toMatchObject({
      status: 401,
      body: { code: 'second_factor_required' },
    });
    expect((await logIn('manager1', NEW, { code: recovery[0] })).status).toBe(200);
  });

  test('is asked for by e-mail address too, in any case, and the link goes to the stored one', async () => {
    expect((await ask({ email: 'MANAGER1@Example.com' })).body).toEqual(TOLD);
    expect(await mailbox.arrived()).toMatchObject([{ to: 'manager1@example.com' }]);
  });

  test('is asked for by one of the two', async () => {
    const wrong = { non_field_errors: ['Give either username or email.'] };
    for (const body of [{}, { username: '', email: '' }, { username: 'a', email: 'a@b.example' }]) {
      expect(await ask(body)).toMatchObject({ status: 400, body: wrong });
    }
  });

  test('of nobody, of somebody disabled, without address or without password: no e-mail, the same answer', async () => {
    await query('UPDATE immigration_user SET password = $2 WHERE id = $1', [
      idOf('homeless'),
      unusablePassword(),
    ]);
    await query(`UPDATE immigration_user SET email = '' WHERE id = $1`, [idOf('groupless')]);
    for (const body of [
      { username: 'nobody' },
      { email: 'nobody@example.com' },
      { username: 'gone' },
      { username: 'homeless' },
      { username: 'groupless' },
      { username: "x' --" },
    ]) {
      expect(await ask(body)).toMatchObject({ status: 200, body: TOLD });
    }
    expect(await mailbox.arrived()).toEqual([]);
    expect(await query('SELECT FROM account_link')).toEqual([]);
  });

  test('takes as long to ask for, whoever exists', { timeout: 60_000, retry: 2 }, async () => {
    const slow = await startTestApp({ sharing: app, delaysResets: true, environment: ENVIRONMENT });
    const times = { known: [] as number[], unknown: [] as number[] };
    for (let round = 0; round < 12; round++) {
      for (const [kind, username] of [
        ['known', 'consultant3'],
        ['unknown', randomUUID()],
      ] as const) {
        const begun = performance.now();
        await ask({ username }, newAddress(), 'main', slow);
        if (round > 1) times[kind].push(performance.now() - begun);
      }
      await mailbox.arrived();
      await query('DELETE FROM delivery');
    }
    await slow.close();
    const median = (numbers: number[]) => numbers.sort((a, b) => a - b)[5] as number;
    expect(median(times.unknown)).toBeGreaterThan(245);
    expect(median(times.known) / median(times.unknown)).toBeLessThan(1.15);
    expect(median(times.known) / median(times.unknown)).toBeGreaterThan(0.87);
  });
});

describe('a link', () => {
  test('works once, also for two at the same moment', async () => {
    const token = await tokenFor('manager2');
    const answers = await Promise.all([
      confirm(token, `${NEW}-a`),
      confirm(token, `${NEW}-b`),
      confirm(token),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400, 400]);
    expect(answers.filter(({ status }) => status === 400).map(({ body }) => body)).toEqual([
      BAD_LINK,
      BAD_LINK,
    ]);
    expect(await confirm(token)).toMatchObject({ status: 400, body: BAD_LINK });
  });

  test('stays good when the password is rejected', async () => {
    const token = await tokenFor('consultant1');
    for (const [password, message] of [
      ['consultant1-x', 'The password is too similar to the username.'],
      ['Sergey12345', 'This password has appeared in a data breach. Choose one that is used nowhere else.'],
    ] as const) {
      expect(await confirm(token, password)).toMatchObject({ status: 400, body: { password: [message] } });
    }
    expect(await confirm(token, 'x'.repeat(1_025))).toMatchObject({ status: 400 });
    expect((await confirm(token)).status).toBe(200);
  });

  test('belongs to one tenant', async () => {
    const token = await tokenFor('consultant12');
    expect(await confirm(token, NEW, 'demo')).toMatchObject({ status: 400, body: BAD_LINK });
    expect((await confirm(token)).status).toBe(200);
  });

  test('is void once the password or the address has changed, the user is disabled, or it has expired', async () => {
    const id = idOf('branch3');
    const [before] = await query('SELECT * FROM immigration_user WHERE id = $1', [id]);
    for (const change of [
      `UPDATE immigration_user SET password = password || 'x' WHERE id = $1`,
      `UPDATE immigration_user SET email = 'other@example.com' WHERE id = $1`,
      'UPDATE immigration_user SET is_active = false WHERE id = $1',
      `UPDATE account_link SET expires_at = now() - interval '1 second' WHERE user_id = $1`,
    ]) {
      const token = await tokenFor('branch3');
      await query(change, [id]);
      expect(await confirm(token), change).toMatchObject({ status: 400, body: BAD_LINK });
      const { password, email } = before as { password: string; email: string };
      await query('UPDATE immigration_user SET password = $2, email = $3, is_active = true WHERE id = $1', [
        id,
        password,
        email,
      ]);
    }
  });

  test('is not sent when it is no longer good', async () => {
    await mailbox.close();
    await ask({ username: 'branch3' });
    await query('DELETE FROM account_link');
    mailbox = await startMailbox(app);
    expect(await mailbox.arrived()).toEqual([]);
    expect(await query('SELECT status, last_error FROM delivery')).toEqual([
      {
        status: 'CANCELLED',
        last_error: 'its link was used, has expired or was made with another SECRET_KEY',
      },
    ]);
  });

  test.each(['', 'x', 'A'.repeat(43), 'A'.repeat(101)])(
    'that was never made is refused: %j',
    async (token) => {
      expect(await confirm(token)).toMatchObject({ status: 400, body: { token: [expect.any(String)] } });
    },
  );

  test('is nowhere but in the e-mail: not in deliveries, events, the audit log or the table', async () => {
    const token = await tokenFor('consultant3');
    const admin = await app.logIn('admin');
    const [delivery] = (await app.ask('GET', '/api/v1/deliveries/', { token: admin })).body.results;
    const shown = await app.ask('GET', `/api/v1/deliveries/${delivery.id}/`, { token: admin });
    expect(shown.body).toMatchObject({ event_type: 'Account.password-reset', status: 'SENT' });
    expect(shown.body.body).toContain('#token={token}');
    const tables = await query<{ name: string }>(
      `SELECT relname AS name FROM pg_class WHERE relnamespace = 'tenant_main'::regnamespace AND relkind = 'r'`,
    );
    const owner = await withOwner(app.databases.owner, async (client) => {
      const found: string[] = [];
      for (const { name } of tables) {
        const { rows } = await client.query(`SELECT t::text AS row FROM tenant_main.${name} t`);
        if (rows.some(({ row }: { row: string }) => row.includes(token))) found.push(name);
      }
      return found;
    });
    expect(owner).toEqual([]);
  });
});

describe('requests for links', () => {
  test('to one user are bounded, also at once, while other e-mails still go out', async () => {
    await Promise.all(Array.from({ length: 9 }, () => ask({ username: 'admin' })));
    expect(await mailbox.arrived()).toHaveLength(5);
    expect((await ask({ username: 'admin' })).body).toEqual(TOLD);
    const mails = await mailbox.arrived();
    expect(mails).toEqual([]);
    const { token } = mailbox.mails.at(-1)!;
    expect((await confirm(token)).status).toBe(200);
    expect(await mailbox.arrived()).toMatchObject([{ subject: 'Your password at Tenant main was changed' }]);
  });

  test('from one address are bounded, whoever they are about', async () => {
    const address = '203.0.113.9';
    const statuses = await Promise.all(
      Array.from({ length: 32 }, async (_, n) => (await ask({ username: `nobody-${n}` }, address)).status),
    );
    expect(statuses.filter((status) => status === 200)).toHaveLength(30);
    const refused = await ask({ username: 'admin' }, address);
    expect(refused.status).toBe(429);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(3_500);
    expect((await ask({ username: 'admin' }, '203.0.113.10')).status).toBe(200);
    expect((await ask({ username: 'admin' }, address, 'demo')).status).toBe(200);
  });
});
