import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { claimDeliveries } from '../../src/deliveries/delivery-queue.js';
import { PACKAGE_ROOT } from '../../src/platform/package-root.js';

import { createTenantSchema, dropTenantSchema } from '../../src/provisioning/tenant-schema.js';

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

const url = (path = '/hook', host = 'localhost') => `https://${host}:${receiver.port}${path}`;
const settings = (change = {}) => settingsFor([receiver.port], change);
const queue = () => test.asOwner('SELECT * FROM public.delivery_queue');

/** Queues many deliveries to an endpoint at once. */
const leaveMany = (endpoint: number, count: number, schema = 'tenant_main') =>
  test.rows(
    `INSERT INTO delivery (kind, endpoint_id, destination, body)
     SELECT 'webhook', $1, 'endpoint ' || $1::bigint, '{}' FROM generate_series(1, $2)`,
    [endpoint, count],
    schema,
  );
const cancelAll = (schema = 'tenant_main') =>
  test.rows("UPDATE delivery SET status = 'CANCELLED' WHERE status = 'PENDING'", [], schema);

describe('a sender that dies', () => {
  it('between sending and noting it has it sent again with the same key', { timeout: 60_000 }, async () => {
    await makeEndpoint(test, url());
    const [id] = await leaveEvent(test);
    const child = fork(join(PACKAGE_ROOT, 'test/deliveries/dying-sender.ts'), {
      execArgv: ['--import', 'tsx'],
    });
    let answered = 0;
    receiver.answering = (_, response) => {
      // The sender is killed while it waits for the answer.
      child.kill('SIGKILL');
      response.end();
      answered++;
    };
    child.send({ database: test.databases.app, ports: [receiver.port] });
    await once(child, 'exit');
    expect([answered, child.signalCode]).toEqual([1, 'SIGKILL']);
    const [waiting] = await test.rows('SELECT status, attempts FROM delivery WHERE id = $1', [id]);
    expect(waiting).toEqual({ status: 'PENDING', attempts: 0 });

    receiver.answering = 200;
    test.send({ settings: settings() });
    await untilStatus(test, id!, 'SENT');
    const keys = receiver.received.map(({ headers }) => headers['idempotency-key']);
    expect(keys).toHaveLength(2);
    expect(keys[1]).toBe(keys[0]);
  });

  it('leaves its claim for 60 seconds, during which nobody else sends', async () => {
    await makeEndpoint(test, url());
    await leaveEvent(test);
    const options = {
      kind: 'webhook' as const,
      most: 5,
      mostPerTenant: 5,
      mostPerDestination: 5,
      taken: [],
      running: new Map(),
      after: '',
      leaseSeconds: 60,
    };
    expect(await claimDeliveries(test.database, options)).toMatchObject([{ schema: 'tenant_main' }]);
    expect(await claimDeliveries(test.database, options)).toEqual([]);
    await test.asOwner(
      `UPDATE public.delivery_queue SET claimed_until = claimed_until - interval '61 seconds'`,
    );
    expect(await claimDeliveries(test.database, options)).toHaveLength(1);
  });
});

describe('what is under way at once', () => {
  it('is bounded over all and to each endpoint, and everything arrives once', async () => {
    const endpoint = await makeEndpoint(test, url());
    await leaveMany(endpoint, 60);
    receiver.answering = (_, response) => setTimeout(() => response.end(), 10);
    test.send({ settings: settings({ concurrencyPerEndpoint: 3 }) });
    await until(async () => (await queue()).length === 0, 'the end');
    expect(receiver.received).toHaveLength(60);
    expect(new Set(receiver.received.map(({ headers }) => headers['idempotency-key'])).size).toBe(60);
    expect(receiver.most()).toBe(3);
  });

  it('does not hold up others when one receiver hangs', async () => {
    const slow = await startReceiver(() => undefined);
    const ports = [receiver.port, slow.port];
    const hanging = await makeEndpoint(test, `https://localhost:${slow.port}/`);
    const good = await makeEndpoint(test, url());
    await leaveMany(hanging, 50);
    await leaveMany(good, 20);
    test.send({
      settings: settingsFor(ports, { concurrency: 6, concurrencyPerEndpoint: 4 }),
      withinMs: 20_000,
    });
    await until(() => receiver.received.length === 20, 'what others wait for');
    expect(slow.received).toHaveLength(4);
    await slow.close();
    await cancelAll();
  });

  it('goes round the tenants: one with much does not hold up one with little', async () => {
    const busy = await makeEndpoint(test, url('/busy'));
    const quiet = await makeEndpoint(test, url('/quiet'), { schema: 'tenant_demo' });
    await leaveMany(busy, 500);
    await leaveMany(quiet, 1, 'tenant_demo');
    test.send({ settings: settings({ concurrency: 4, concurrencyPerEndpoint: 4 }) });
    await until(() => receiver.received.some(({ path }) => path === '/quiet'), 'the quiet one’s turn');
    expect(receiver.received.findIndex(({ path }) => path === '/quiet')).toBeLessThan(8);
    await cancelAll();
  });

  it('does not hold up other tenants when many endpoints of one hang', async () => {
    const silent = await startReceiver(() => undefined);
    const ports = [receiver.port, silent.port];
    for (let n = 0; n < 10; n++) {
      await leaveMany(await makeEndpoint(test, `https://localhost:${silent.port}/${n}`), 10);
    }
    const good = await makeEndpoint(test, url(), { schema: 'tenant_demo' });
    test.send({
      settings: settingsFor(ports, { concurrency: 8, concurrencyPerTenant: 6 }),
      withinMs: 20_000,
    });
    await until(() => silent.received.length === 6, 'the hanging ones');
    await leaveMany(good, 20, 'tenant_demo');
    await until(() => receiver.received.length === 20, 'what another tenant waits for');
    expect(silent.received).toHaveLength(6);
    await silent.close();
    await cancelAll();
  });

  it('leaves one place to an endpoint that failed, until it works again', async () => {
    const endpoint = await makeEndpoint(test, url());
    receiver.answering = 500;
    await leaveMany(endpoint, 1);
    test.send({ settings: settings() });
    await until(() => receiver.received.length === 1, 'the failure');
    await until(async () => (await test.rows('SELECT FROM delivery_attempt')).length === 1, 'its note');
    let [running, most] = [0, 0];
    receiver.answering = (_, response, nth) => {
      most = Math.max(most, ++running);
      setTimeout(() => {
        running--;
        response.writeHead(nth <= 4 ? 500 : 200).end();
      }, 100);
    };
    await leaveMany(endpoint, 20);
    await until(() => receiver.received.length === 4, 'further failures');
    expect(most).toBe(1);
    await until(() => receiver.received.length >= 18, 'the rest');
    expect(most).toBeGreaterThan(1);
    await cancelAll();
  });

  it('does not hold up other tenants, or fill the log, when one tenant’s tables are broken', async () => {
    const broken = await makeEndpoint(test, url('/broken'), { schema: 'tenant_demo' });
    const good = await makeEndpoint(test, url('/good'));
    await leaveMany(broken, 50, 'tenant_demo');
    await leaveMany(good, 50);
    await test.asOwner('ALTER TABLE tenant_demo.delivery RENAME TO moved');
    test.send({ settings: settings() });
    await until(() => receiver.received.length === 50, 'what another tenant waits for');
    const failures = test.errors.splice(0);
    expect(failures.length).toBeGreaterThan(0);
    expect(failures.length).toBeLessThanOrEqual(8);
    await test.asOwner('ALTER TABLE tenant_demo.moved RENAME TO delivery');
    await test.stopSending();
    await cancelAll('tenant_demo');
  });

  it('is shared by several processes without sending anything twice', async () => {
    const endpoint = await makeEndpoint(test, url());
    await leaveMany(endpoint, 100);
    for (let n = 0; n < 3; n++) test.send({ settings: settings() });
    await until(async () => (await queue()).length === 0, 'the end');
    expect(receiver.received).toHaveLength(100);
  });

  it('is waited for when the sender stops', async () => {
    const endpoint = await makeEndpoint(test, url());
    await leaveMany(endpoint, 10);
    const waiting: { end(): void }[] = [];
    receiver.answering = (_, response) => void waiting.push(response);
    test.send({ settings: settings({ concurrencyPerEndpoint: 2 }) });
    await until(() => receiver.received.length === 2, 'the first two');
    const stopped = test.stopSending();
    setTimeout(() => waiting.forEach((response) => void response.end()), 300);
    await stopped;
    const sent = await test.rows("SELECT id FROM delivery WHERE status = 'SENT'");
    expect([sent.length, receiver.received.length]).toEqual([2, 2]);
  });
});

describe('nothing is sent', () => {
  const hold = async (sql: string, undo: string) => {
    await makeEndpoint(test, url());
    const [id] = await leaveEvent(test);
    await test.asOwner(sql);
    test.send({ settings: settings() });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(receiver.received).toEqual([]);
    await test.asOwner(undo);
    await untilStatus(test, id!, 'SENT');
  };

  it('for a tenant that is suspended, until it comes back', () =>
    hold(
      "UPDATE public.tenants_tenant SET subscription_status = 'SUSPENDED' WHERE schema_name = 'tenant_main'",
      "UPDATE public.tenants_tenant SET subscription_status = 'ACTIVE' WHERE schema_name = 'tenant_main'",
    ));

  it('while the handler is paused', () =>
    hold(
      "INSERT INTO public.event_pause (handler) VALUES ('webhook')",
      "DELETE FROM public.event_pause WHERE handler = 'webhook'",
    ));

  it('to an endpoint that was switched off or removed meanwhile', async () => {
    const [one, two] = [await makeEndpoint(test, url()), await makeEndpoint(test, url())];
    const [first, second] = await leaveEvent(test);
    await test.rows('UPDATE webhook_endpoint SET is_active = false WHERE id = $1', [one]);
    await test.rows('DELETE FROM webhook_endpoint WHERE id = $1', [two]);
    test.send({ settings: settings() });
    const states = () => test.rows('SELECT id, status, last_error FROM delivery ORDER BY id');
    await until(async () => (await queue()).length === 0, 'the end');
    expect(await states()).toEqual([
      { id: first, status: 'HELD', last_error: null },
      { id: second, status: 'CANCELLED', last_error: 'the endpoint is removed' },
    ]);
    expect(receiver.received).toEqual([]);
  });
});

describe('the queue of all tenants', () => {
  it('follows the tenants’ tables, and goes with the tenant', async () => {
    const { owner, app } = test.databases;
    await createTenantSchema(owner, app.user, {
      schema: 'tenant_short_lived',
      name: 'Short-lived',
      domains: [{ domain: 'short.localhost', isPrimary: true }],
    });
    const endpoint = await makeEndpoint(test, url(), { schema: 'tenant_short_lived' });
    await leaveMany(endpoint, 3, 'tenant_short_lived');
    expect(await queue()).toHaveLength(3);
    const change = (sql: string) => test.rows(sql, [], 'tenant_short_lived');
    await change("UPDATE delivery SET status = 'CANCELLED' WHERE id = 1");
    await change('DELETE FROM delivery WHERE id = 2');
    expect(await queue()).toMatchObject([{ schema_name: 'tenant_short_lived', delivery_id: '3' }]);
    await change("UPDATE delivery SET status = 'PENDING' WHERE id = 1");
    expect(await queue()).toHaveLength(2);
    await dropTenantSchema(owner, 'tenant_short_lived');
    expect(await queue()).toEqual([]);
  });

  it('cannot be read or written by a tenant’s role, and by the program only claimed', async () => {
    for (const sql of ['SELECT * FROM public.delivery_queue', 'DELETE FROM public.delivery_queue'])
      await expect(test.rows(sql)).rejects.toThrow('permission denied');
    const asProgram = (sql: string) => test.database.publicQuery({ sql, parameters: [] });
    await asProgram('SELECT * FROM public.delivery_queue');
    for (const sql of [
      "UPDATE public.delivery_queue SET schema_name = 'tenant_demo'",
      'DELETE FROM public.delivery_queue',
      "INSERT INTO public.delivery_queue VALUES ('tenant_main', 1, 'x', now())",
    ]) {
      await expect(asProgram(sql)).rejects.toThrow('permission denied');
    }
  });
});
