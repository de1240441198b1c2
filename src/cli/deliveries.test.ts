import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CERTIFICATE } from '../../test/deliveries/certificate.js';
import { type Receiver, startReceiver } from '../../test/deliveries/receiver.js';
import {
  type DeliveryTest,
  leaveEvent,
  startDeliveryTest,
  untilStatus,
} from '../../test/deliveries/setting.js';
import { settingsFor as deliverySettings } from '../../test/deliveries/settings.js';
import { runCommand, settingsFor } from '../../test/helpers/cli.js';
import { signatureHeader } from '../deliveries/signature.js';

let test: DeliveryTest;
let receiver: Receiver;
let folder: string;

beforeAll(async () => {
  test = await startDeliveryTest();
  receiver = await startReceiver();
  folder = mkdtempSync(join(tmpdir(), 'leopard-cli-'));
  writeFileSync(join(folder, 'ca.pem'), CERTIFICATE);
});
afterAll(async () => {
  await receiver.close();
  rmSync(folder, { recursive: true });
  await test.close();
});

const leopard = (...args: string[]) =>
  runCommand(settingsFor(test.databases, folder), [...args, '--tenant', 'main'], {
    environment: {
      WEBHOOKS_ALLOW_PRIVATE: 'true',
      WEBHOOKS_PORTS: `443,${receiver.port}`,
      WEBHOOKS_CA_FILE: join(folder, 'ca.pem'),
    },
  });

/** Returns the JSON that a command prints. */
async function json(...args: string[]) {
  const { stdout, stderr, exitCode } = await leopard(...args, '--json');
  expect([stderr, exitCode]).toEqual(['', 0]);
  return JSON.parse(stdout);
}

const url = () => `https://localhost:${receiver.port}/hook`;
let secret: string;

it('adds an endpoint and shows its secret this once', async () => {
  const added = await json('webhooks', 'add', '--url', url(), '--events', 'Client.*, Task.CREATE');
  ({ secret } = added);
  expect(added).toEqual({
    id: 1,
    url: url(),
    event_types: ['Client.*', 'Task.CREATE'],
    is_active: true,
    disabled_reason: null,
    failures: 0,
    previous_secret_until: null,
    created_at: expect.stringMatching(/Z$/),
    secret: expect.stringMatching(/^whsec_[\w-]{43}$/),
  });
  const { stdout } = await leopard('webhooks', 'list');
  expect(stdout).toMatch(/^1 +on +0 +Client\.\*,Task\.CREATE +https/m);
  expect(stdout + JSON.stringify(await json('webhooks', 'list'))).not.toContain(secret);
  expect((await leopard('webhooks', 'add', '--url', 'https://hooks.acme.example')).stdout).toMatch(
    /^endpoint 2 is added: https:\/\/hooks\.acme\.example\/\nits secret, shown only now: whsec_/,
  );
});

it.each([
  [['--url', 'ftp://example.com'], 1, 'webhooks go to https:// addresses only'],
  [['--url', 'https://example.com:22'], 1, /^webhooks go to port /],
  [
    ['--url', 'https://example.com', '--events', 'Client CREATE'],
    1,
    /^no event is of the type "Client CREATE"/,
  ],
  [['--url', 'https://example.com', '--events', ''], 1, /^no type of event is named; there are Client\./],
  [['--url', 'https://example.com', '--events', ' , '], 1, /^no type of event is named/],
  [['--url', 'https://example.com', '--events', 'Nope.*'], 1, /"Nope\.\*"; there are .*, Task\.CREATE, /],
  [['--url', 'https://example.com', '--events', 'Client.*,client.*'], 1, /the type "client\.\*"; there are/],
  [['--url', 'https://example.com', '--events', 'Client.email.UPDATE'], 1, /"Client\.email\.UPDATE"; there/],
  [['--url', 'https://example.com', '--events', '.*'], 1, /the type "\.\*"; there are/],
  [[], 2, /required option '--url/],
])('refuses to add %j', async (args, code, message) => {
  const { exitCode, stderr } = await leopard('webhooks', 'add', ...args);
  expect([exitCode, stderr]).toEqual([code, expect.stringMatching(message)]);
  expect(stderr).not.toContain('\n');
});

it.each([
  '*',
  '*.DELETE',
  'Client.CREATE',
  'VisaApplication.status.UPDATE',
  'Client.stage.UPDATE',
  '*stage*',
  'Note.*',
])('takes the pattern %s', async (pattern) => {
  const added = await json('webhooks', 'add', '--url', 'https://hooks.acme.example', '--events', pattern);
  expect(added.event_types).toEqual([pattern]);
  await json('webhooks', 'remove', String(added.id));
});

it('refuses an address that is not public, unless that is allowed', async () => {
  const settings = settingsFor(test.databases, folder);
  const args = ['webhooks', 'add', '--tenant', 'main', '--url'];
  for (const inside of ['https://127.0.0.1/', 'https://0x7f.1/', 'http://example.com/']) {
    expect((await runCommand(settings, [...args, inside])).exitCode).toBe(1);
  }
});

it('tests an endpoint with something signed, and says how it went', async () => {
  const { exitCode, stdout } = await leopard('webhooks', 'test', '1');
  expect([exitCode, stdout]).toEqual([0, expect.stringMatching(/^endpoint 1 answered 200 in \d+ ms$/)]);
  const { headers, body } = receiver.received.at(-1)!;
  const time = Number(/t=(\d+)/.exec(String(headers['x-leopard-signature']))![1]);
  expect(headers['x-leopard-signature']).toBe(signatureHeader([secret], body, time));
  expect(JSON.parse(body)).toMatchObject({ type: 'Leopard.TEST', tenant: 'main' });
  receiver.answering = 500;
  expect(await leopard('webhooks', 'test', '1')).toMatchObject({
    exitCode: 1,
    stderr: 'endpoint 1 did not accept it: the receiver answered 500',
  });
  receiver.answering = 200;
  expect((await leopard('webhooks', 'test', '9')).stderr).toMatch(/^there is no webhook endpoint 9;/);
});

it('lists, shows, cancels and repeats deliveries', async () => {
  await json('webhooks', 'disable', '2');
  const [id] = await leaveEvent(test);
  expect(await json('deliveries', 'list', '--status', 'PENDING', '--kind', 'webhook')).toMatchObject([
    { id, status: 'PENDING', event_type: 'Client.stage.UPDATE', to: url(), attempts: 0 },
  ]);
  expect((await leopard('deliveries', 'cancel', String(id), '99')).stderr).toBe(
    'not cancelled: 99; see: leopard deliveries list --tenant main',
  );
  expect(await json('deliveries', 'list', '--status', 'PENDING')).toEqual([]);
  expect(await json('deliveries', 'retry', '--endpoint', '1', '--status', 'CANCELLED')).toEqual({
    ids: [id],
  });

  test.send({ settings: deliverySettings([receiver.port]) });
  await untilStatus(test, id!, 'SENT');
  expect((await leopard('deliveries', 'retry', String(id))).stdout).toBe('1 delivery is to be sent anew');
  await untilStatus(test, id!, 'SENT');
  await test.stopSending();

  const shown = await json('deliveries', 'show', String(id));
  expect(shown).toMatchObject({ status: 'SENT', attempts: 1, last_error: null });
  expect(JSON.parse(shown.body)).toMatchObject({ id: shown.idempotency_key });
  expect(shown.log).toMatchObject([
    { status_code: 200, answer: 'noted', error: null },
    { status_code: 200, answer: 'noted', error: null },
  ]);
  const keys = receiver.received.slice(-2).map(({ headers }) => headers['idempotency-key']);
  expect(keys).toEqual([shown.idempotency_key, shown.idempotency_key]);
  const { stdout } = await leopard('deliveries', 'show', String(id));
  expect(stdout).toMatch(/^status +SENT$/m);
  expect(stdout).toMatch(/ms +200 +sent +"noted"$/m);
});

it('rotates a secret and shows the new one this once', async () => {
  const rotated = await json('webhooks', 'rotate-secret', '1', '--overlap', '0.5');
  expect(rotated).toMatchObject({
    id: 1,
    secret: expect.stringMatching(/^whsec_[\w-]{43}$/),
    previous_secret_until: expect.stringMatching(/Z$/),
  });
  await leopard('webhooks', 'test', '1');
  const { headers, body } = receiver.received.at(-1)!;
  const time = Number(/t=(\d+)/.exec(String(headers['x-leopard-signature']))![1]);
  expect(headers['x-leopard-signature']).toBe(signatureHeader([rotated.secret, secret], body, time));
  expect((await leopard('webhooks', 'rotate-secret', '1')).stdout).toMatch(
    /^endpoint 1 has a new secret; the old one signs too until .*Z\nits secret, shown only now: whsec_/,
  );
  expect((await leopard('webhooks', 'rotate-secret', '1', '--overlap', '0')).stdout).toMatch(
    /^endpoint 1 has a new secret\n/,
  );
  expect(await leopard('webhooks', 'rotate-secret', '9')).toMatchObject({ exitCode: 1 });
  for (const overlap of ['721', '-1', 'x', '']) {
    expect(await leopard('webhooks', 'rotate-secret', '1', `--overlap=${overlap}`)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('It must be hours from 0 to 720; see: '),
    });
  }
});

it('holds what waits when an endpoint is switched off, and cancels it when it is removed', async () => {
  const [first] = await leaveEvent(test);
  expect((await leopard('webhooks', 'disable', '1', '--reason', 'moving')).stdout).toBe(
    'endpoint 1 is off: moving',
  );
  expect(await json('deliveries', 'list', '--status', 'HELD')).toMatchObject([{ id: first }]);
  expect(await leopard('deliveries', 'retry', String(first))).toMatchObject({ exitCode: 1 });
  expect((await leopard('webhooks', 'enable', '1')).stdout).toBe('endpoint 1 is on');
  expect(await json('deliveries', 'show', String(first))).toMatchObject({ status: 'PENDING' });
  const [second] = await leaveEvent(test);
  expect((await leopard('webhooks', 'remove', '1')).stdout).toBe('endpoint 1 is removed');
  expect(await json('deliveries', 'show', String(second))).toMatchObject({
    status: 'CANCELLED',
    endpoint_id: null,
  });
  expect(await json('webhooks', 'list')).toMatchObject([{ id: 2 }]);
  expect((await leopard('webhooks', 'remove', '1')).exitCode).toBe(1);
});

it.each([
  [['deliveries', 'retry'], /select deliveries/],
  [['deliveries', 'cancel', 'x'], /whole number/],
  [['deliveries', 'list', '--status', 'LOST'], /Allowed choices are/],
])('is told how to be used: %j', async (args, message) => {
  const { exitCode, stderr } = await leopard(...args);
  expect([exitCode, stderr]).toEqual([2, expect.stringMatching(message)]);
});
