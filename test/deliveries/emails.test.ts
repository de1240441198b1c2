import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SMTPServer } from 'smtp-server';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { DeliverySettings } from '../../src/config/delivery-settings.js';
import { statement } from '../../src/database/statement.js';
import { retryDeliveries } from '../../src/deliveries/administration.js';
import { createMailer, type Mailer } from '../../src/deliveries/mailer.js';
import { remindersJob } from '../../src/immigration/reminders/reminders-job.js';
import { tasksJob } from '../../src/immigration/tasks/tasks-job.js';
import type { JobSettings } from '../../src/jobs/job.js';
import { type DeliveryTest, startDeliveryTest, until, untilStatus } from './setting.js';
import { settingsFor } from './settings.js';

interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  readonly text: string;
  readonly user: string | undefined;
}

let test: DeliveryTest;
let server: SMTPServer;
let folder: string;
const mails: Mail[] = [];
/** The server's reply to a message; null accepts it. */
let refusal: { code: number; text: string } | null = null;
/** The server's reply to a recipient; null accepts it. */
let recipientRefusal: { code: number; text: string } | null = null;
const mailers: Mailer[] = [];

beforeAll(async () => {
  test = await startDeliveryTest();
  folder = await mkdtemp(join(tmpdir(), 'leopard-test-'));
  server = new SMTPServer({
    disabledCommands: ['STARTTLS'],
    allowInsecureAuth: true,
    onAuth({ username, password }, _session, callback) {
      callback(password === 'p@ss' ? null : new Error('no'), { user: username });
    },
    onRcptTo(_address, _session, callback) {
      const { code, text } = recipientRefusal ?? { code: 0, text: '' };
      callback(code ? Object.assign(new Error(text), { responseCode: code }) : undefined);
    },
    onData(stream, session, callback) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        if (refusal) {
          callback(Object.assign(new Error(refusal.text), { responseCode: refusal.code }));
          return;
        }
        const { mailFrom, rcptTo } = session.envelope;
        mails.push({
          from: mailFrom ? mailFrom.address : '',
          to: rcptTo.map(({ address }) => address),
          text: Buffer.concat(chunks).toString(),
          user: session.user as string | undefined,
        });
        callback();
      });
    },
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  await test.rows(
    `INSERT INTO immigration_user (username, email, is_active) VALUES
       ('ann', 'ann@agency.test', true), ('joe', 'joe@agency.test', true), ('bob', '', true), ('eve', 'eve@agency.test', false)`,
  );
});

afterEach(async () => {
  await test.stopSending();
  for (const mailer of mailers.splice(0)) mailer.close();
  await test.rows('DELETE FROM delivery');
  await setEmail(null);
  mails.length = 0;
  refusal = null;
  recipientRefusal = null;
  expect(test.errors.splice(0)).toEqual([]);
});

afterAll(async () => {
  await new Promise<void>((resolve) => server.close(() => resolve()));
  await rm(folder, { recursive: true, force: true });
  await test.close();
});

const setEmail = (email: unknown) =>
  test.asOwner(
    `UPDATE public.tenants_tenant SET settings = jsonb_strip_nulls(settings || jsonb_build_object('email', $1::jsonb))
     WHERE schema_name = 'tenant_main'`,
    [JSON.stringify(email)],
  );

function send(email: Partial<DeliverySettings['email']>) {
  const usual = settingsFor([]);
  const settings = { ...usual, email: { ...usual.email, transport: 'smtp' as const, ...email } };
  const mailer = createMailer({ settings: settings.email, folder, domain: 'leopard.test' });
  if (mailer) mailers.push(mailer);
  test.send({ settings, mailer });
}

const smtpUrl = () => `smtp://leopard:p%40ss@127.0.0.1:${(server.server.address() as AddressInfo).port}`;

/** Notifies these users, and returns the resulting e-mails. */
async function notify(type: string, usernames: string[], title = 'Client assigned') {
  await test.rows(
    `INSERT INTO immigration_notification (notification_type, title, message, meta_info, assigned_to_id)
     SELECT $1, $2, E'Client Tenzing काम\n.has been assigned to you', '{"event_id": 12}', id
     FROM immigration_user WHERE username = ANY ($3)`,
    [type, title, usernames],
  );
  return await test.rows<{ id: number; recipient: string; event_id: number; idempotency_key: string }>(
    'SELECT * FROM delivery ORDER BY id',
  );
}

const wanted = { enabled: true, notifications: ['CLIENT_ASSIGNED'] };

it('is not left unless the tenant’s settings ask for it', async () => {
  expect(await notify('CLIENT_ASSIGNED', ['ann'])).toEqual([]);
  for (const settings of [
    { ...wanted, enabled: false },
    { enabled: true },
    { enabled: 'yes', notifications: 'all' },
  ]) {
    await setEmail(settings);
    expect(await notify('CLIENT_ASSIGNED', ['ann'])).toEqual([]);
  }
  await setEmail(wanted);
  expect(await notify('TASK_ASSIGNED', ['ann'])).toEqual([]);
});

it('goes to active users with an address, once each, in the notification’s transaction', async () => {
  await setEmail(wanted);
  const undone = test.database.tenantTransaction(
    { schema: 'tenant_main', userId: null },
    async (transaction) => {
      await transaction.query(
        statement(
          `INSERT INTO immigration_notification (notification_type, assigned_to_id)
         SELECT 'CLIENT_ASSIGNED', id FROM immigration_user`,
        ),
      );
      expect(await transaction.query(statement('SELECT recipient FROM delivery ORDER BY id'))).toEqual([
        { recipient: 'ann@agency.test' },
        { recipient: 'joe@agency.test' },
      ]);
      throw new Error('undone');
    },
  );
  await expect(undone).rejects.toThrow('undone');
  expect(await test.rows('SELECT * FROM delivery')).toEqual([]);
  expect(await notify('CLIENT_ASSIGNED', ['ann', 'bob', 'eve'])).toMatchObject([
    { recipient: 'ann@agency.test', event_id: 12, notification_id: expect.any(Number) },
  ]);
});

it('leaves through SMTP, with a Message-ID that stays the same', async () => {
  await setEmail({ ...wanted, from: 'Agency <crm@agency.test>' });
  const [mail] = await notify('CLIENT_ASSIGNED', ['ann'], 'Client assigned: Tenzing काम');
  refusal = { code: 451, text: 'come back later' };
  send({ smtpUrl: smtpUrl() });
  await until(async () => (await test.rows('SELECT * FROM delivery_attempt')).length === 1, 'an attempt');
  expect(await test.rows('SELECT status_code, error FROM delivery_attempt')).toEqual([
    { status_code: 451, error: expect.stringContaining('come back later') },
  ]);
  refusal = null;
  await test.rows('UPDATE delivery SET next_attempt_at = now()');
  await untilStatus(test, mail!.id, 'SENT');
  expect(mails).toMatchObject([{ from: 'crm@agency.test', to: ['ann@agency.test'], user: 'leopard' }]);
  const { text } = mails[0]!;
  expect(text).toContain(`Message-ID: <${mail!.idempotency_key}@leopard.test>`);
  expect(text).toContain('From: Agency <crm@agency.test>');
  expect(text).toContain('To: ann@agency.test');
  expect(text).toContain('Auto-Submitted: auto-generated');
  expect(text).toMatch(/^Subject: =\?UTF-8\?/m);
});

it('has failed at once when the server does not know the recipient', async () => {
  await setEmail(wanted);
  const [mail] = await notify('CLIENT_ASSIGNED', ['ann']);
  recipientRefusal = { code: 550, text: '5.1.1 no such user' };
  send({ smtpUrl: smtpUrl() });
  await untilStatus(test, mail!.id, 'FAILED');
  expect(await test.rows('SELECT attempts FROM delivery')).toEqual([{ attempts: 1 }]);
});

it('is tried again when the server refuses the message', async () => {
  await setEmail(wanted);
  await notify('CLIENT_ASSIGNED', ['ann']);
  refusal = { code: 554, text: '5.7.1 looks like spam' };
  send({ smtpUrl: smtpUrl() });
  await until(async () => (await test.rows('SELECT * FROM delivery_attempt')).length === 1, 'an attempt');
  expect(await test.rows('SELECT status, attempts FROM delivery')).toEqual([
    { status: 'PENDING', attempts: 1 },
  ]);
});

describe('an e-mail about what is long past', () => {
  const cancelled = async (id: number) => {
    await untilStatus(test, id, 'CANCELLED');
    const [row] = await test.rows<{ last_error: string }>('SELECT last_error FROM delivery WHERE id = $1', [
      id,
    ]);
    expect(row!.last_error).toBe('the event is more than 24 hours old (EMAIL_MAX_AGE_HOURS)');
    expect(mails).toEqual([]);
  };
  const age = (interval: string) =>
    test.rows(`UPDATE delivery SET created_at = now() - $1::interval, fresh_since = now() - $1::interval`, [
      interval,
    ]);

  it('that waited while its tenant was suspended is not sent, unless somebody asks for it', async () => {
    await setEmail(wanted);
    const [old, young] = await notify('CLIENT_ASSIGNED', ['ann', 'joe']);
    await age('20 days');
    await test.rows("UPDATE delivery SET fresh_since = now() - interval '23 hours' WHERE id = $1", [
      young!.id,
    ]);
    send({ smtpUrl: smtpUrl() });
    await untilStatus(test, young!.id, 'SENT');
    mails.length = 0;
    await cancelled(old!.id);
    await test.database.tenantTransaction({ schema: 'tenant_main', userId: null }, (transaction) =>
      retryDeliveries(transaction, { ids: [old!.id] }),
    );
    await untilStatus(test, old!.id, 'SENT');
    expect(mails).toHaveLength(1);
  });

  it('is not sent when its event was handled late', async () => {
    await setEmail(wanted);
    await test.asOwner(
      `INSERT INTO tenant_main.immigration_event (id, event_type, entity_type, entity_id, tenant_schema, action,
         previous_state, current_state, changed_fields, created_at)
       VALUES (12, 'Client.assigned_to.UPDATE', 'Client', 7, 'tenant_main', 'UPDATE', '{}', '{}', '[]', now() - interval '25 hours')`,
    );
    const [mail] = await notify('CLIENT_ASSIGNED', ['ann']);
    await test.asOwner('DELETE FROM tenant_main.immigration_event');
    send({ smtpUrl: smtpUrl() });
    await cancelled(mail!.id);
  });

  it.each([
    ['TASK_OVERDUE', '{"task_id": 1}', true],
    ['REMINDER_DUE', '{"reminder_id": 1}', true],
    ['REMINDER_DUE', '{"deadline_kind": "VISA"}', false],
    ['TASK_ASSIGNED', '{"task_id": 1}', false],
  ])('is not sent when a job made up for it: %s %s', async (type, meta, isStale) => {
    await setEmail({ enabled: true, notifications: [type] });
    await test.rows(
      `INSERT INTO immigration_notification (notification_type, title, message, due_date, meta_info, assigned_to_id)
       SELECT $1, 'Due', 'Due', now() - interval '9 days', $2::jsonb, id FROM immigration_user WHERE username = 'ann'`,
      [type, meta],
    );
    const [mail] = await test.rows<{ id: number }>('SELECT id FROM delivery');
    send({ smtpUrl: smtpUrl() });
    if (isStale) await cancelled(mail!.id);
    else await untilStatus(test, mail!.id, 'SENT');
  });
});

it('is tried again when the platform cannot log in, or the server is not there', async () => {
  await setEmail(wanted);
  const [mail] = await notify('CLIENT_ASSIGNED', ['ann']);
  send({ smtpUrl: smtpUrl().replace('p%40ss', 'wrong') });
  await until(async () => (await test.rows('SELECT * FROM delivery_attempt')).length === 1, 'an attempt');
  await test.stopSending();
  await test.rows('UPDATE delivery SET next_attempt_at = now()');
  send({ smtpUrl: 'smtp://127.0.0.1:1' });
  await until(async () => (await test.rows('SELECT * FROM delivery_attempt')).length === 2, 'another');
  expect(await test.rows('SELECT error FROM delivery_attempt ORDER BY id')).toEqual([
    { error: expect.stringContaining('535') },
    { error: expect.stringContaining('ECONNREFUSED') },
  ]);
  expect(await test.rows('SELECT id, status FROM delivery')).toEqual([{ id: mail!.id, status: 'PENDING' }]);
});

it('is written to a folder in development, the same file when it is sent again', async () => {
  await setEmail(wanted);
  const [mail] = await notify('CLIENT_ASSIGNED', ['ann']);
  send({ transport: 'file' });
  await untilStatus(test, mail!.id, 'SENT');
  await test.rows("UPDATE delivery SET status = 'PENDING', attempts = 0");
  await untilStatus(test, mail!.id, 'SENT');
  expect(await readdir(folder)).toEqual([`${mail!.idempotency_key}.eml`]);
  const text = await readFile(join(folder, `${mail!.idempotency_key}.eml`), 'utf8');
  expect(text).toContain('Subject: Client assigned\n');
  expect(text).toContain('From: Leopard <no-reply@leopard.test>');
  expect((await stat(join(folder, `${mail!.idempotency_key}.eml`))).mode & 0o777).toBe(0o600);
});

it('does not let a text from a record add recipients or headers', async () => {
  await setEmail(wanted);
  await test.rows(
    "UPDATE immigration_user SET email = E'ann@agency.test, x@evil.test' WHERE username = 'ann'",
  );
  const title = 'Hello\r\nBcc: y@evil.test';
  const [mail] = await notify('CLIENT_ASSIGNED', ['ann'], title);
  send({ smtpUrl: smtpUrl() });
  await until(async () => (await test.rows('SELECT * FROM delivery_attempt')).length === 1, 'an attempt');
  await test.rows("UPDATE immigration_user SET email = 'ann@agency.test' WHERE username = 'ann'");
  const recipients = mails.flatMap(({ to }) => to);
  expect(recipients.filter((address) => /^[xy]@/.test(address))).toEqual([]);
  expect(mails.some(({ text }) => /^Bcc:/m.test(text))).toBe(false);
  expect(mail).toBeDefined();
});

it('is cancelled where e-mail is switched off for the platform', async () => {
  await setEmail(wanted);
  const [mail] = await notify('CLIENT_ASSIGNED', ['ann']);
  send({ transport: 'off' });
  await untilStatus(test, mail!.id, 'CANCELLED');
});

it('comes to no flood when a tenant that was suspended for weeks comes back', async () => {
  await setEmail({ enabled: true, notifications: ['TASK_OVERDUE', 'REMINDER_DUE', 'CLIENT_ASSIGNED'] });
  const suspended = (status: string) =>
    test.asOwner(
      `UPDATE public.tenants_tenant SET subscription_status = $1 WHERE schema_name = 'tenant_main'`,
      [status],
    );
  await test.rows('DELETE FROM immigration_notification');
  await notify('CLIENT_ASSIGNED', ['ann', 'joe']); // it waited during the suspension
  await test.rows(
    "UPDATE delivery SET created_at = created_at - interval '20 days', fresh_since = fresh_since - interval '20 days'",
  );
  await test.rows(`INSERT INTO immigration_task (title, due_date, assigned_to_id)
    SELECT 'Call ' || n, now() - make_interval(days => n), 1 FROM generate_series(2, 20) n`);
  await test.rows(`INSERT INTO immigration_reminder (title, reminder_date, created_by_id, content_type_id, object_id)
    SELECT 'Look ' || n, current_date - n, 1, (SELECT id FROM django_content_type WHERE model = 'client'), 1
    FROM generate_series(3, 20) n`);
  await suspended('SUSPENDED');
  send({ smtpUrl: smtpUrl() });
  await suspended('ACTIVE');
  for (const job of [tasksJob, remindersJob]) {
    const { signal } = new AbortController();
    const settings = { tasksDueSoonDefaultDays: 3 } as JobSettings;
    const all = { schema: null, everywhere: true, dryRun: false, moment: null };
    await job.run({ database: test.database, settings, signal, ...all });
  }
  const made = await test.rows<{ notification_type: string; count: number }>(
    `SELECT notification_type, count(*)::integer AS count FROM immigration_notification
     WHERE notification_type <> 'CLIENT_ASSIGNED' GROUP BY 1 ORDER BY 1`,
  );
  expect(made).toEqual([
    { notification_type: 'REMINDER_DUE', count: 18 },
    { notification_type: 'TASK_OVERDUE', count: 19 },
  ]);
  const waiting = async () => (await test.rows("SELECT FROM delivery WHERE status = 'PENDING'")).length;
  await until(async () => (await waiting()) === 0, 'the end of what waited');
  expect(await test.rows('SELECT DISTINCT status FROM delivery')).toEqual([{ status: 'CANCELLED' }]);
  expect(mails).toEqual([]);
});
