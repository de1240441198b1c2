import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createMailer, type Mailer, type MailLimits } from '../../src/deliveries/mailer.js';
import { type Receiver, startReceiver } from './receiver.js';
import {
  type DeliveryTest,
  leaveEvent,
  makeEndpoint,
  startDeliveryTest,
  until,
  untilStatus,
} from './setting.js';
import { settingsFor } from './settings.js';
import { type SmtpServer, type Step, startSmtpServer } from './smtp-script.js';

let test: DeliveryTest;
let server: SmtpServer;
let receiver: Receiver;
let mailer: Mailer;

beforeAll(async () => {
  test = await startDeliveryTest();
  receiver = await startReceiver();
});
beforeEach(async () => {
  server = await startSmtpServer();
});
afterEach(async () => {
  mailer.close();
  await test.stopSending();
  await server.close();
  await test.rows('DELETE FROM delivery');
  expect(test.errors.splice(0)).toEqual([]);
});
afterAll(async () => {
  await receiver.close();
  await test.close();
});

/** Starts sending, with time limits in milliseconds and a lease that is shorter than an e-mail may take. */
function send(limits: Partial<MailLimits>, { senders = 1, leaseSeconds = 1 } = {}) {
  const usual = settingsFor([receiver.port]);
  const smtpUrl = `smtp://127.0.0.1:${server.port}`;
  const settings = { ...usual, email: { ...usual.email, transport: 'smtp' as const, smtpUrl } };
  mailer = createMailer({ settings: settings.email, folder: '', domain: 'leopard.test', limits })!;
  for (let n = 0; n < senders; n++) test.send({ settings, mailer, leaseSeconds });
}

/** Queues e-mails. @returns the first one's id */
async function leave(count = 1): Promise<number> {
  const [first] = await test.rows<{ id: number }>(
    `INSERT INTO delivery (kind, recipient, destination, subject, body)
     SELECT 'email', 'ann@agency.test', 'mail', 'Hello', 'Hello ' || n FROM generate_series(1, $1) n RETURNING id`,
    [count],
  );
  return first!.id;
}
const attempts = () =>
  test.rows<{ error: string | null; status_code: number | null }>(
    'SELECT status_code, error FROM delivery_attempt ORDER BY id',
  );

describe('a server that takes its time', () => {
  const STEPS: Step[] = ['greeting', 'EHLO', 'MAIL', 'RCPT', 'DATA', 'dot'];
  it('with each step, far beyond the lease, gets each e-mail once', async () => {
    server.script = Object.fromEntries(STEPS.map((step) => [step, { afterMs: 500 }]));
    const id = await leave();
    send({}, { senders: 3 });
    await untilStatus(test, id, 'SENT');
    expect(server.messages).toHaveLength(1);
    expect(await attempts()).toEqual([{ status_code: null, error: null }]);
  });

  it('after the final dot gets each e-mail once', async () => {
    server.script = { dot: { afterMs: 3_000 } };
    const id = await leave();
    send({}, { senders: 3 });
    await untilStatus(test, id, 'SENT');
    expect(server.messages).toHaveLength(1);
  });

  it.each<[Step, Partial<MailLimits>, string]>([
    ['greeting', { greeting: 300 }, 'Greeting never received'],
    ['EHLO', { step: 300 }, 'Timeout'],
    ['MAIL', { step: 300 }, 'Timeout'],
    ['RCPT', { step: 300 }, 'Timeout'],
    ['DATA', { step: 300 }, 'Timeout'],
    ['dot', { step: 300 }, 'Timeout'],
    ['MAIL', { total: 300 }, 'not taken within 0.3 s'],
  ])('and none for %s is left in time, and tried again: %o', async (step, limits, error) => {
    server.script = { [step]: { afterMs: 60_000 } };
    await leave();
    send(limits);
    await until(async () => (await attempts()).length === 1, 'the attempt');
    expect(await attempts()).toEqual([{ status_code: null, error: expect.stringContaining(error) }]);
    expect(await test.rows('SELECT status FROM delivery')).toEqual([{ status: 'PENDING' }]);
    await until(() => server.connections() === 0, 'the end of the connection');
  });

  it('does not hold up webhooks', async () => {
    server.script = { greeting: { afterMs: 60_000 } };
    await leave(20);
    send({});
    await until(() => server.connections() === 3, 'the e-mails under way');
    await makeEndpoint(test, `https://localhost:${receiver.port}/`);
    const [webhook] = await leaveEvent(test);
    await untilStatus(test, webhook!, 'SENT');
    expect(server.connections()).toBe(3);
    await test.rows("UPDATE delivery SET status = 'CANCELLED' WHERE status = 'PENDING'");
  });
});

describe('a server that refuses', () => {
  const refused = async (step: Step, reply: string) => {
    server.script = { [step]: { reply } };
    await leave();
    send({});
    await until(async () => (await attempts()).length === 1, 'the attempt');
    const [{ status }] = (await test.rows('SELECT status FROM delivery')) as [{ status: string }];
    return { status, code: (await attempts())[0]!.status_code };
  };

  it.each<[Step, string]>([
    ['RCPT', '550 5.1.1 no such user'],
    ['RCPT', '551 not here'],
    ['RCPT', '553 no such mailbox'],
  ])('the recipient (%s %s) has the last word', async (step, reply) => {
    expect(await refused(step, reply)).toEqual({ status: 'FAILED', code: Number(reply.slice(0, 3)) });
  });

  it.each<[Step, string]>([
    ['greeting', '554 no service'],
    ['EHLO', '550 who are you'],
    ['MAIL', '530 5.7.0 must issue a STARTTLS command first'],
    ['MAIL', '550 5.7.1 sender refused'],
    ['RCPT', '552 5.2.2 mailbox full'],
    ['RCPT', '554 5.7.1 relaying denied'],
    ['DATA', '554 no valid recipients'],
    ['dot', '552 5.3.4 too big'],
  ])('something else (%s %s) is asked again', async (step, reply) => {
    expect((await refused(step, reply)).status).toBe('PENDING');
  });
});
