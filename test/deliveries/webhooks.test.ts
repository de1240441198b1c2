import { createHmac } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { TenantTransaction } from '../../src/database/tenant-transaction.js';
import {
  addEndpoint,
  EndpointNotFoundError,
  findEndpoint,
  removeEndpoint,
  rotateSecret,
  switchEndpoint,
  TooManyEndpointsError,
} from '../../src/deliveries/endpoints.js';
import { signatureHeader } from '../../src/deliveries/signature.js';
import { leaveWebhooks } from '../../src/events/outbox.js';
import { type Receiver, startReceiver } from './receiver.js';
import {
  type DeliveryTest,
  leaveEvent,
  makeEndpoint,
  makeEvent,
  startDeliveryTest,
  until,
  untilStatus,
} from './setting.js';
import { settingsFor } from './settings.js';

let test: DeliveryTest;
let receiver: Receiver;

beforeAll(async () => {
  test = await startDeliveryTest();
});
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(async () => {
  await test.stopSending();
  await receiver.close();
  for (const schema of ['tenant_main', 'tenant_demo']) {
    await test.rows('DELETE FROM delivery', [], schema);
    await test.rows('DELETE FROM webhook_endpoint', [], schema);
  }
  expect(test.errors.splice(0)).toEqual([]);
});
afterAll(() => test.close());

const url = (path = '/hook') => `https://localhost:${receiver.port}${path}`;
const settings = (change = {}) => settingsFor([receiver.port], change);

const inTransaction = <T>(work: (transaction: TenantTransaction) => Promise<T>) =>
  test.database.tenantTransaction({ schema: 'tenant_main', userId: null }, work);

async function delivery(id: number) {
  const [row] = await test.rows('SELECT * FROM delivery WHERE id = $1', [id]);
  return row as Record<string, unknown>;
}
const log = (id: number) =>
  test.rows('SELECT * FROM delivery_attempt WHERE delivery_id = $1 ORDER BY id', [id]);
/** Makes retries due at once. */
const hurry = () => test.rows("UPDATE delivery SET next_attempt_at = now() WHERE status = 'PENDING'");

describe('a webhook', () => {
  it('arrives with a signature that its receiver can verify, and is logged', async () => {
    await makeEndpoint(test, url('/in?a=1'), { secret: 'whsec_of_this_one' });
    const [id] = await leaveEvent(test);
    test.send({ settings: settings() });
    await untilStatus(test, id!, 'SENT');

    const [got] = receiver.received;
    expect(receiver.received).toHaveLength(1);
    expect(got!.path).toBe('/in?a=1');
    const { idempotency_key: key, attempts, sent_at } = await delivery(id!);
    expect([attempts, typeof sent_at]).toEqual([1, 'string']);
    expect(got!.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'idempotency-key': key,
      'x-leopard-delivery': key,
      'x-leopard-event': 'Client.stage.UPDATE',
    });
    expect(JSON.parse(got!.body)).toEqual({
      id: key,
      type: 'Client.stage.UPDATE',
      tenant: 'main',
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
      data: {
        entity_type: 'Client',
        entity_id: 7,
        previous_state: { stage: 'LEAD' },
        current_state: { stage: 'काम' },
        changed_fields: ['stage'],
      },
    });
    const [, t, v1] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(got!.headers['x-leopard-signature']))!;
    expect(Math.abs(Date.now() / 1000 - Number(t))).toBeLessThan(10);
    expect(v1).toBe(createHmac('sha256', 'whsec_of_this_one').update(`${t}.${got!.body}`).digest('hex'));
    expect(await log(id!)).toMatchObject([{ status_code: 200, answer: 'noted', error: null }]);
    expect(await test.asOwner('SELECT * FROM public.delivery_queue')).toEqual([]);
  });

  it('is not left by a tenant without endpoint, by one that is off, or for another type', async () => {
    expect(await leaveEvent(test)).toEqual([]);
    await makeEndpoint(test, url(), { eventTypes: ['Task.*', 'Client.stage', '*.DELETE', 'Client_stage*'] });
    const off = await makeEndpoint(test, url());
    await test.rows('UPDATE webhook_endpoint SET is_active = false WHERE id = $1', [off]);
    expect(await leaveEvent(test)).toEqual([]);
    await makeEndpoint(test, url(), { eventTypes: ['Note.CREATE', 'Client.*'] });
    expect(await leaveEvent(test)).toHaveLength(1);
    expect(await leaveEvent(test, { schema: 'tenant_demo' })).toEqual([]);
  });

  it('is gone with the transaction that left it', async () => {
    await makeEndpoint(test, url());
    test.send({ settings: settings() });
    const undone = test.database.tenantTransaction(
      { schema: 'tenant_main', userId: null },
      async (transaction) => {
        const left = await transaction.query(leaveWebhooks(await makeEvent(transaction, 'Client.CREATE')));
        expect(left).toHaveLength(1);
        await sleep(200);
        throw new Error('undone');
      },
    );
    await expect(undone).rejects.toThrow('undone');
    await sleep(100);
    expect(receiver.received).toEqual([]);
    expect(await test.asOwner('SELECT * FROM public.delivery_queue')).toEqual([]);
  });
});

describe('what fails', () => {
  it.each([
    ['500', 500, { status_code: 500, answer: 'noted', error: 'the receiver answered 500' }],
    ['a redirect, which is not followed', 302, { status_code: 302, error: 'the receiver answered 302' }],
    [
      'an answer that does not come in time',
      () => undefined,
      { status_code: null, error: 'no answer within 1.5 s' },
    ],
    [
      'an answer that does not end in time',
      (_: unknown, response: { writeHead(n: number): void; write(s: string): void }) => {
        response.writeHead(200);
        response.write('and so on');
      },
      { status_code: null, error: 'no answer within 1.5 s' },
    ],
    [
      'a connection that is cut',
      (_: unknown, response: { destroy(): void }) => response.destroy(),
      { status_code: null, error: 'other side closed' },
    ],
  ])('is tried again later with the same key: %s', async (_, answering, logged) => {
    receiver.answering = answering as never;
    await makeEndpoint(test, url());
    const [id] = await leaveEvent(test);
    test.send({ settings: settings(), withinMs: 1500 });
    await until(async () => (await log(id!)).length === 1, 'the first attempt');
    expect(await log(id!)).toMatchObject([logged]);
    expect(await delivery(id!)).toMatchObject({ status: 'PENDING', attempts: 1, last_error: logged.error });
    const [{ wait }] = (await test.rows(
      'SELECT extract(epoch FROM next_attempt_at - now())::float8 AS wait FROM delivery WHERE id = $1',
      [id],
    )) as [{ wait: number }];
    expect(wait).toBeGreaterThan(3);
    expect(wait).toBeLessThan(6.5);

    receiver.answering = 204;
    await hurry();
    await untilStatus(test, id!, 'SENT');
    const keys = new Set(receiver.received.map(({ headers }) => headers['idempotency-key']));
    expect([receiver.received.length, keys.size]).toEqual([2, 1]);
    const bodies = new Set(receiver.received.map(({ body }) => body));
    expect(bodies.size).toBe(1);
    expect(await delivery(id!)).toMatchObject({ attempts: 2, last_error: null });
  });

  it('is tried again when nobody listens, or the certificate is not to be trusted', async () => {
    const { port } = receiver;
    await makeEndpoint(test, url());
    const [id] = await leaveEvent(test);
    test.send({ settings: settings({ webhooks: { allowPrivate: true, ports: [port], extraCa: null } }) });
    await until(async () => (await log(id!)).length === 1, 'the first attempt');
    await receiver.close();
    await hurry();
    await until(async () => (await log(id!)).length === 2, 'the second attempt');
    expect(await log(id!)).toMatchObject([
      { error: expect.stringMatching(/self-signed certificate/) },
      { error: expect.stringMatching(/ECONNREFUSED/) },
    ]);
  });

  it('waits as long as the receiver asks', async () => {
    receiver.answering = (_, response) => response.writeHead(503, { 'retry-after': '1000' }).end();
    await makeEndpoint(test, url());
    const [id] = await leaveEvent(test);
    test.send({ settings: settings() });
    await until(async () => (await log(id!)).length === 1, 'the first attempt');
    const [{ wait }] = (await test.rows(
      'SELECT extract(epoch FROM next_attempt_at - now())::float8 AS wait FROM delivery',
    )) as [{ wait: number }];
    expect(wait).toBeGreaterThan(900);
  });

  it('has failed for good after ten attempts', async () => {
    receiver.answering = 500;
    await makeEndpoint(test, url());
    const [id] = await leaveEvent(test);
    test.send({ settings: settings() });
    await until(async () => {
      await hurry();
      return (await delivery(id!)).status === 'FAILED';
    }, 'the end');
    expect(await log(id!)).toHaveLength(10);
    expect(receiver.received).toHaveLength(10);
    expect(await test.asOwner('SELECT * FROM public.delivery_queue')).toEqual([]);
  });

  it('keeps 2 KB of a long answer, and ends one without end', async () => {
    receiver.answering = (_, response) => {
      response.writeHead(500);
      const more = () => response.write(`\0${'é'.repeat(5000)}`, (error) => !error && setImmediate(more));
      more();
    };
    await makeEndpoint(test, url());
    const [id] = await leaveEvent(test);
    test.send({ settings: settings() });
    await until(async () => (await log(id!)).length === 1, 'the first attempt');
    const [{ answer, duration_ms }] = (await log(id!)) as [{ answer: string; duration_ms: number }];
    expect(Buffer.byteLength(answer)).toBeLessThan(2060);
    expect(answer).toMatch(/^\ufffdé{1000}/);
    expect(duration_ms).toBeLessThan(5000);
  });
});

describe('an endpoint that keeps failing', () => {
  it('is switched off after 50 failures in a row and an hour, with a reason; what waits is held', async () => {
    receiver.answering = 500;
    const endpoint = await makeEndpoint(test, url());
    await test.rows(
      `UPDATE webhook_endpoint SET failures = 48, failing_since = now() - interval '59 minutes' WHERE id = $1`,
      [endpoint],
    );
    const state = async () =>
      (await test.rows('SELECT * FROM webhook_endpoint WHERE id = $1', [endpoint]))[0] as Record<
        string,
        unknown
      >;
    const [first] = await leaveEvent(test);
    const sender = { settings: settings({ concurrencyPerHost: 1 }) };
    test.send(sender);
    await until(async () => (await log(first!)).length === 1, 'the 49th failure');
    await hurry();
    await until(async () => (await log(first!)).length === 2, 'the 50th failure');
    expect(await state()).toMatchObject({ is_active: true, failures: 50 });

    await test.rows(`UPDATE webhook_endpoint SET failing_since = now() - interval '61 minutes'`);
    await test.stopSending();
    const [second] = await leaveEvent(test);
    await hurry();
    test.send(sender);
    await untilStatus(test, first!, 'HELD');
    await untilStatus(test, second!, 'HELD');
    expect(await state()).toMatchObject({
      is_active: false,
      disabled_reason: expect.stringMatching(
        /^51 attempts in a row failed since .* UTC; the last: .* answered 500$/,
      ),
    });
    expect(await leaveEvent(test)).toEqual([]);
  });

  it('begins to count anew after a success', async () => {
    const endpoint = await makeEndpoint(test, url());
    await test.rows('UPDATE webhook_endpoint SET failures = 49, failing_since = now() WHERE id = $1', [
      endpoint,
    ]);
    const [id] = await leaveEvent(test);
    test.send({ settings: settings() });
    await untilStatus(test, id!, 'SENT');
    expect(await test.rows('SELECT failures, failing_since FROM webhook_endpoint')).toEqual([
      { failures: 0, failing_since: null },
    ]);
  });
});

describe('an endpoint that is gone', () => {
  it('is switched off at once, and what waits is sent when it is switched on again', async () => {
    receiver.answering = 410;
    const endpoint = await makeEndpoint(test, url());
    const [first] = await leaveEvent(test);
    test.send({ settings: settings() });
    await untilStatus(test, first!, 'HELD');
    expect(await test.rows('SELECT is_active, disabled_reason FROM webhook_endpoint')).toEqual([
      { is_active: false, disabled_reason: 'the receiver answered 410 Gone' },
    ]);
    expect(await delivery(first!)).toMatchObject({ attempts: 1, last_error: 'the receiver answered 410' });
    expect(await log(first!)).toMatchObject([{ status_code: 410 }]);
    expect(await test.asOwner('SELECT * FROM public.delivery_queue')).toEqual([]);

    receiver.answering = 200;
    await inTransaction((transaction) => switchEndpoint(transaction, endpoint, null));
    await untilStatus(test, first!, 'SENT');
    expect(receiver.received).toHaveLength(2);
  });

  it('that is removed takes along what waits, and what is held', async () => {
    const endpoint = await makeEndpoint(test, url());
    const [first] = await leaveEvent(test);
    await inTransaction((transaction) => switchEndpoint(transaction, endpoint, 'for a while'));
    expect(await delivery(first!)).toMatchObject({ status: 'HELD' });
    await inTransaction((transaction) => removeEndpoint(transaction, endpoint));
    expect(await delivery(first!)).toMatchObject({
      status: 'CANCELLED',
      last_error: 'the endpoint is removed',
      endpoint_id: null,
    });
    await expect(inTransaction((transaction) => removeEndpoint(transaction, endpoint))).rejects.toThrow(
      EndpointNotFoundError,
    );
  });
});

describe('a secret that is rotated', () => {
  const signed = (got: { headers: Record<string, unknown>; body: string }, secrets: string[]) => {
    const header = String(got.headers['x-leopard-signature']);
    return header === signatureHeader(secrets, got.body, Number(/^t=(\d+)/.exec(header)?.[1]));
  };

  it('signs beside the old one for a while, and what waits is sent', async () => {
    const endpoint = await makeEndpoint(test, url(), { secret: 'whsec_old' });
    const [first] = await leaveEvent(test);
    const rotated = await inTransaction((transaction) => rotateSecret(transaction, endpoint, 2));
    expect(rotated.secret).toMatch(/^whsec_[\w-]{43}$/);
    const overlap = Date.parse(rotated.previous_secret_until!) - Date.now();
    expect(Math.abs(overlap - 2 * 3_600_000)).toBeLessThan(60_000);
    test.send({ settings: settings() });
    await untilStatus(test, first!, 'SENT');
    expect(signed(receiver.received[0]!, [rotated.secret, 'whsec_old'])).toBe(true);

    await test.rows("UPDATE webhook_endpoint SET previous_secret_until = now() - interval '1 second'");
    const [second] = await leaveEvent(test);
    await untilStatus(test, second!, 'SENT');
    expect(signed(receiver.received[1]!, [rotated.secret])).toBe(true);
  });

  it('ends the old one at once when asked to', async () => {
    const endpoint = await makeEndpoint(test, url());
    const rotated = await inTransaction((transaction) => rotateSecret(transaction, endpoint, 0));
    expect(rotated.previous_secret_until).toBe(null);
    const found = await inTransaction((transaction) => findEndpoint(transaction, endpoint));
    expect(found.secrets).toEqual([rotated.secret]);
  });
});

it('a tenant has 50 endpoints at most', async () => {
  const policy = { allowPrivate: false, ports: [443], extraCa: null };
  const given = { url: 'https://hooks.agency.test/', eventTypes: ['Client.*'] };
  await inTransaction(async (transaction) => {
    for (let n = 0; n < 50; n++) await addEndpoint(transaction, given, policy);
    await expect(addEndpoint(transaction, given, policy)).rejects.toThrow(TooManyEndpointsError);
  });
  const types = Array.from({ length: 51 }, () => '*');
  await expect(
    inTransaction((transaction) => addEndpoint(transaction, { ...given, eventTypes: types }, policy)),
  ).rejects.toThrow('more than 50 types');
});
