import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { PASSWORD, startTestApp, type TestApp } from '../../../test/helpers/app.js';
import { type Mailbox, startMailbox } from '../../../test/helpers/mailbox.js';
import { idOf, seedStaff } from '../../../test/helpers/staff.js';
import { statement } from '../../database/statement.js';

const PATH = '/api/v1/users/';
const NEW = 'zebra-Crossing-42';
let app: TestApp;
let mailbox: Mailbox;
const tokens: Record<string, string> = {};

beforeAll(async () => {
  app = await startTestApp({
    environment: { LOGIN_FAILURES_PER_ACCOUNT: '4', TRUSTED_PROXIES: '127.0.0.1' },
  });
  await seedStaff(app);
  for (const name of ['admin', 'branch1', 'manager1', 'consultant1', 'root'])
    tokens[name] = await app.logIn(name);
  mailbox = await startMailbox(app);
});
afterAll(async () => {
  await mailbox?.close();
  await app?.close();
});
beforeEach(() => mailbox.arrived());

const ask = (name: string, method: string, path: string, body?: object) =>
  app.ask(method, PATH + path, { token: tokens[name], body });
const logIn = (username: string, password: string) =>
  app.ask('POST', '/api/token/', { body: { username, password } });
const query = <Row>(sql: string, values: unknown[] = []) =>
  app.database.tenantQuery<Row>({ schema: 'tenant_main', userId: null }, statement<Row>(sql, values));
const confirm = (token: string | null | undefined, password = NEW) =>
  app.ask('POST', '/api/password-reset/confirm/', { body: { token, password } });
const kinds = async () =>
  (await query<{ kind: string }>('SELECT kind FROM security_event ORDER BY id DESC LIMIT 3')).map(
    ({ kind }) => kind,
  );

describe('an invited user', () => {
  const person = {
    username: 'pema',
    email: 'pema@example.org',
    first_name: 'Pema {token}',
    last_name: 'Lama',
    group_name: 'CONSULTANT',
    invite: true,
  };
  let id: number;

  test('is created without a password, and cannot log in', async () => {
    const { status, body } = await ask('branch1', 'POST', '', person);
    expect([status, body.username]).toEqual([201, 'pema']);
    id = body.id;
    for (const password of ['', '!', PASSWORD])
      expect((await logIn('pema', password || ' ')).status).toBe(401);
    // Not even with a link for a forgotten password: that is for those who had one.
    await app.ask('POST', '/api/password-reset/', { body: { username: 'pema' } });
    const [mail, ...others] = await mailbox.arrived();
    expect(others).toEqual([]);
    expect(mail).toMatchObject({ to: 'pema@example.org', subject: 'Your account at Tenant main' });
    expect(mail?.text).toContain(`http://main-immigrate.localhost/accept-invitation#token=${mail?.token}`);
    expect(mail?.text).toContain('for 7 days');
  });

  test('is invited again by who may change them; the first link is void then', async () => {
    const first = mailbox.mails.at(-1)?.token;
    expect((await ask('consultant1', 'POST', `${id}/invite/`)).status).toBe(403);
    expect((await ask('branch1', 'POST', `${id}/invite/`)).status).toBe(204);
    const [mail] = await mailbox.arrived();
    expect((await confirm(first)).status).toBe(400);
    expect((await confirm(mail?.token, 'short')).status).toBe(400);
    expect((await confirm(mail?.token)).status).toBe(200);
    expect((await logIn('pema', NEW)).status).toBe(200);
    expect(await mailbox.arrived()).toEqual([]);
    expect(await ask('branch1', 'POST', `${id}/invite/`)).toMatchObject({
      status: 400,
      body: { detail: 'This user has a password already.' },
    });
  });

  test('needs no password, and has none', async () => {
    const other = { ...person, username: 'dawa', email: 'dawa@example.org' };
    expect((await ask('branch1', 'POST', '', { ...other, password: NEW })).body).toEqual({
      password: ['Users who are invited choose their password themselves.'],
    });
    expect((await ask('branch1', 'POST', '', { ...other, invite: false })).body).toEqual({
      password: ['This field is required.'],
    });
    expect((await ask('branch1', 'POST', '', { ...other, invite: 'x' })).body).toEqual({
      password: ['This field is required.'],
      invite: ['Must be a valid boolean.'],
    });
  });

  test('is refused where no e-mail is sent', async () => {
    const silent = await startTestApp({ sharing: app, environment: { EMAIL_TRANSPORT: 'off' } });
    const body = { ...person, username: 'dawa', email: 'dawa@example.org' };
    expect(await silent.ask('POST', PATH, { token: tokens.admin, body })).toMatchObject({
      status: 400,
      body: { invite: [expect.stringContaining('EMAIL_TRANSPORT')] },
    });
    await silent.close();
  });
});

describe('an e-mail address', () => {
  const own = `${idOf('branch1')}/`;

  test('of one’s own is changed with the present password, and told to both addresses', async () => {
    const email = 'new.branch1@example.com';
    expect(await ask('branch1', 'PATCH', own, { email })).toMatchObject({
      status: 400,
      body: { current_password: ['This field is required.'] },
    });
    const wrong = await ask('branch1', 'PATCH', own, { email, current_password: 'wrong' });
    expect(wrong).toMatchObject({ status: 400, body: { current_password: [expect.any(String)] } });
    expect(await mailbox.arrived()).toEqual([]);
    const { status, body } = await ask('branch1', 'PATCH', own, { email, current_password: PASSWORD });
    expect([status, body.email]).toEqual([200, email]);
    const mails = await mailbox.arrived();
    expect(mails.map(({ to }) => to).sort()).toEqual(['branch1@example.com', email]);
    expect(mails[0]?.text).toContain(`changed to ${email}`);
  });

  test('that stays the same asks for nothing, nor do other fields', async () => {
    const body = { email: 'new.branch1@example.com', first_name: 'Same' };
    expect((await ask('branch1', 'PATCH', own, body)).status).toBe(200);
  });

  test('guesses of the password count as failed log-ins', async () => {
    await query('DELETE FROM login_failure');
    const guess = () => ask('branch1', 'PATCH', own, { email: 'x@example.com', current_password: 'wrong' });
    const statuses: number[] = [];
    for (let n = 0; n < 6; n++) statuses.push((await guess()).status);
    expect(statuses).toEqual([400, 400, 400, 400, 429, 429]);
    expect((await logIn('branch1', PASSWORD)).status).toBe(429);
    expect((await ask('consultant1', 'POST', `${own}unlock/`)).status).toBe(403);
    expect((await ask('admin', 'POST', `${own}unlock/`)).status).toBe(204);
    expect(await kinds()).toContain('login_unlocked');
    expect((await logIn('branch1', PASSWORD)).status).toBe(200);
  });

  test('of somebody else is changed by who could set their password, since links go to it', async () => {
    const target = `${idOf('consultant12')}/`; // of branches 1 and 2
    const body = { email: 'other@example.com' };
    expect(await ask('branch1', 'PATCH', target, body)).toMatchObject({
      status: 403,
      body: { detail: 'User branch1 cannot place users outside their branches and regions' },
    });
    expect((await ask('branch1', 'PATCH', target, { first_name: 'Any' })).status).toBe(200);
    expect((await ask('manager1', 'PATCH', target, body)).status).toBe(200);
    expect((await mailbox.arrived()).map(({ to }) => to).sort()).toEqual([
      'consultant12@example.com',
      'other@example.com',
    ]);
  });
});

test('a password that somebody else has set is told to the user', async () => {
  expect((await ask('admin', 'POST', `${idOf('homeless')}/set-password/`, { password: NEW })).status).toBe(
    204,
  );
  expect((await ask('admin', 'PATCH', `${idOf('branch3')}/`, { password: NEW })).status).toBe(200);
  expect((await mailbox.arrived()).map(({ to, subject }) => [to, subject]).sort()).toEqual([
    ['branch3@example.com', 'Your password at Tenant main was changed'],
    ['homeless@example.com', 'Your password at Tenant main was changed'],
  ]);
});
