import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { readObservabilitySettings } from '../../src/config/observability-settings.js';
import { SettingsReader } from '../../src/config/settings-reader.js';
import { Database } from '../../src/database/database.js';
import { Listener } from '../../src/database/listener.js';
import { sql } from '../../src/database/sql.js';
import { DeliverySender } from '../../src/deliveries/sender.js';
import { EVENTS } from '../../src/events/config.js';
import { Dispatcher } from '../../src/events/worker/dispatcher.js';
import { spans } from '../../src/platform/spans.js';
import { type RunningTracing, startTracing } from '../../src/telemetry/tracing.js';
import { type Receiver, startReceiver } from '../deliveries/receiver.js';
import { settingsFor } from '../deliveries/settings.js';
import { startTestApp, type TestApp } from '../helpers/app.js';
import { type OtlpReceiver, otlpReceiver, type ReceivedSpan } from '../helpers/otlp-receiver.js';
import { seedStaff } from '../helpers/staff.js';

let collector: OtlpReceiver;
let webhooks: Receiver;
let tracing: RunningTracing;
let app: TestApp;
let worker: { readonly database: Database; readonly listener: Listener; readonly dispatcher: Dispatcher };
let sender: DeliverySender;
let admin: string;
const warnings: string[] = [];

beforeAll(async () => {
  collector = await otlpReceiver();
  webhooks = await startReceiver();
  tracing = begin({ OTEL_EXPORTER_OTLP_HEADERS: 'api-key=abc' });
  app = await startTestApp({ environment: { TRUSTED_PROXIES: '127.0.0.1' } });
  await seedStaff(app);
  await app.database.tenantQuery(
    { schema: 'tenant_main', userId: null },
    sql`INSERT INTO webhook_endpoint (url, secret, event_types)
        VALUES (${`https://localhost:${webhooks.port}/hook`}, 'whsec_test', '["*"]')`,
  );
  admin = await app.logIn('admin');
  const database = new Database(app.databases.app, { size: 2 });
  const listener = new Listener(app.databases.app);
  worker = { database, listener, dispatcher: new Dispatcher(database, listener, EVENTS) };
  await listener.start();
  worker.dispatcher.start();
  sender = new DeliverySender(app.database, {
    settings: settingsFor([webhooks.port]),
    mailer: null,
    pollMs: 30,
  });
  sender.start();
});
afterAll(async () => {
  await sender.close();
  await worker.dispatcher.stop();
  await worker.listener.close();
  await worker.database.close();
  await app.close();
  await tracing.close();
  await webhooks.close();
  await collector.close();
  expect(spans.sink).toBeNull();
});
beforeEach(() => {
  collector.mode = 'ok';
});

function begin(environment: Record<string, string> = {}): RunningTracing {
  const given = new SettingsReader({
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_TIMEOUT: '500',
    ...environment,
  });
  const { tracing: settings } = readObservabilitySettings(given, true);
  return startTracing(settings, { version: '1.2.3', warn: (line) => warnings.push(line), everyMs: 20 });
}

const attribute = (span: ReceivedSpan, name: string) => span.attributes[`leopard.${name}`];
const named = (name: string | RegExp, of = collector.spans) =>
  of.filter((span) => (typeof name === 'string' ? span.name === name : name.test(span.name)));
const traceOf = (requestId: unknown) => String(requestId).replaceAll('-', '');

const client = (email: string) => ({
  ...{ first_name: 'Ludmilla', last_name: 'Personova', email, phone_number: '+9779812345678' },
  ...{ gender: 'FEMALE', date_of_birth: '1990-04-01', branch: 1, country: 'NP' },
});
const create = async (email: string, headers: Record<string, string> = {}) => {
  const answer = await app.ask('POST', '/api/v1/clients/', { token: admin, body: client(email), headers });
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  return answer;
};

it('lead from a request over its transaction, event and handlers to the delivery, in one trace', async () => {
  const answer = await create('one@personova.example');
  const requestId = answer.headers['x-request-id'];
  const trace = () => collector.spans.filter(({ traceId }) => traceId === traceOf(requestId));
  await vi.waitFor(() => expect(named('delivery webhook', trace())).not.toEqual([]), { timeout: 30_000 });

  const [request] = named('POST /api/v1/clients/', trace());
  expect(request).toMatchObject({ kind: 2, parentSpanId: undefined, links: [], failed: false });
  expect(request!.attributes).toEqual({
    'http.request.method': 'POST',
    'http.route': '/api/v1/clients/',
    'http.response.status_code': 201,
    'leopard.tenant': 'tenant_main',
    'leopard.request_id': requestId,
  });
  const [transaction] = named('transaction', trace());
  expect(transaction).toMatchObject({ kind: 3, parentSpanId: request!.spanId });
  expect(transaction!.attributes['db.query.text']).toContain('INSERT INTO "immigration_client"');
  expect(transaction!.startedAt).toBeGreaterThan(request!.startedAt - 2);
  expect(transaction!.endedAt).toBeLessThan(request!.endedAt + 2);

  const delivery = named('delivery webhook', trace())[0]!;
  const events = named(/^event /, trace());
  const event = events.find(({ spanId }) => spanId === delivery.parentSpanId)!;
  expect(event).toMatchObject({ kind: 5, parentSpanId: request!.spanId, failed: false });
  expect(event.attributes).toMatchObject({ 'leopard.tenant': 'tenant_main', 'leopard.outcome': 'completed' });
  expect(delivery.attributes).toMatchObject({
    'leopard.event_id': attribute(event, 'event_id'),
    'http.response.status_code': 200,
  });
  const handlers = named(/^handler /, trace()).filter(({ parentSpanId }) => parentSpanId === event.spanId);
  expect(handlers.map((span) => attribute(span, 'handler'))).toContain('webhook');

  const [batch] = collector.spans.filter(({ spanId }) => spanId === event.links[0]!.spanId);
  expect(batch).toMatchObject({ name: 'events', attributes: { 'leopard.tenant': 'tenant_main' } });
  expect(named('transaction').filter(({ parentSpanId }) => parentSpanId === batch!.spanId)).toHaveLength(1);
});

it('say where they come from, and go to the path of traces with the headers given', () => {
  expect(collector.resources[0]).toMatchObject({ 'service.name': 'leopard', 'service.version': '1.2.3' });
  expect(collector.requests[0]).toMatchObject({ url: '/v1/traces', headers: { 'api-key': 'abc' } });
});

it('join the trace of a trusted proxy; links lead from there to the events, and back', async () => {
  const [traceId, spanId] = ['4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7'];
  const answer = await create('two@personova.example', { traceparent: `00-${traceId}-${spanId}-01` });
  const own = traceOf(answer.headers['x-request-id']);
  await vi.waitFor(() => expect(named(/^event /).some((span) => span.traceId === own)).toBe(true), {
    timeout: 20_000,
  });
  const joined = named('POST /api/v1/clients/').find((span) => span.traceId === traceId)!;
  expect(joined).toMatchObject({ parentSpanId: spanId, kind: 2 });
  expect(named('transaction').some(({ parentSpanId }) => parentSpanId === joined.spanId)).toBe(true);
  const anchor = named('POST /api/v1/clients/').find((span) => span.traceId === own)!;
  expect(joined.links).toEqual([{ traceId: own, spanId: anchor.spanId }]);
  expect(anchor.links).toEqual([{ traceId, spanId: joined.spanId }]);
  expect(named(/^event /).find((span) => span.traceId === own)!.parentSpanId).toBe(anchor.spanId);

  await app.ask('GET', '/api/v1/clients/', {
    token: admin,
    headers: { traceparent: `00-${'c'.repeat(32)}-${spanId}-00` },
  });
  await app.ask('GET', '/api/v1/tasks/', { token: admin, headers: { traceparent: 'nonsense' } });
  await vi.waitFor(() => expect(named('GET /api/v1/tasks/')).toHaveLength(1), { timeout: 30_000 });
  expect(collector.spans.some((span) => span.traceId === 'c'.repeat(32))).toBe(false);
});

it('ignore the header of anybody else', async () => {
  const other = await startTestApp({ sharing: app });
  try {
    const traceparent = `00-${'d'.repeat(32)}-00f067aa0ba902b7-01`;
    await other.ask('GET', '/api/v1/branches/', { token: admin, headers: { traceparent } });
    await vi.waitFor(() => expect(named('GET /api/v1/branches/')).toHaveLength(1), { timeout: 30_000 });
    expect(named('GET /api/v1/branches/')[0]!.traceId).not.toBe('d'.repeat(32));
  } finally {
    await other.close();
  }
});

it('name an error by its class or status, and hold no value, path, address or text of anybody', async () => {
  await app.ask('GET', '/api/v1/clients/999999/?search=Personova', { token: admin });
  await app.ask('GET', '/api/v1/clients/', {});
  await app.ask('GET', '/no/Personova/', {});
  await vi.waitFor(() => expect(named('GET')).toHaveLength(1), { timeout: 30_000 });
  expect(named('GET')[0]!.attributes['http.response.status_code']).toBe(404);
  expect(named('GET /api/v1/clients/:id/')).toHaveLength(1);
  const all = collector.bodies.join('\n');
  for (const personal of ['Ludmilla', 'Personova', 'personova', '9812345678', '127.0.0.1', admin, '999999'])
    expect(all, personal).not.toContain(personal);
});

it('are lost while the receiver is away, slow or refuses: one line a minute, and requests go on', async () => {
  const lost = async (mode: OtlpReceiver['mode'], environment = {}) => {
    await tracing.close();
    collector.mode = mode;
    warnings.length = 0;
    tracing = begin(environment);
    for (let n = 0; n < 20; n++) {
      const { status } = await app.ask('GET', '/api/v1/tasks/', { token: admin });
      expect(status).toBe(200);
    }
    await vi.waitFor(() => expect(warnings).toHaveLength(1), { timeout: 30_000 });
    return warnings[0];
  };
  expect(await lost('refuse')).toMatch(/^spans could not be exported: .+; \d+ are lost so far$/);
  expect(await lost('hang', { OTEL_EXPORTER_OTLP_TIMEOUT: '100' })).toMatch(/; \d+ are lost so far$/);
  expect(await lost('ok', { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' })).toMatch(/ECONNREFUSED/);

  // The queue is bounded: what does not fit is dropped at once.
  collector.mode = 'hang';
  warnings.length = 0;
  await tracing.close();
  tracing = begin({ OTEL_EXPORTER_OTLP_TIMEOUT: '300' });
  const place = { traceId: 'e'.repeat(32), spanId: 'f'.repeat(16), isSampled: true };
  const now = performance.now();
  for (let n = 0; n < 5_000; n++)
    spans.sink!.record({ name: 'x', kind: 'internal', place, startedAt: now, endedAt: now, attributes: {} });
  collector.mode = 'ok';
  const arrived = () => named('x').length;
  await vi.waitFor(() => expect(arrived()).toBeGreaterThan(0), { timeout: 30_000 });
  await tracing.close();
  expect(arrived()).toBeLessThanOrEqual(2_048 + 256);
  tracing = begin();
});

it('are recorded for a proportion of traces, by the trace alone: the worker decides as the request did', async () => {
  await tracing.close();
  tracing = begin({ OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.5' });
  const ids = Array.from({ length: 200 }, (_, n) => crypto.randomUUID().replaceAll('-', '') || String(n));
  const taken = ids.filter((id) => spans.sink!.isSampled(id));
  expect(taken.length).toBeGreaterThan(50);
  expect(taken.length).toBeLessThan(150);
  expect(ids.filter((id) => spans.sink!.isSampled(id))).toEqual(taken);
});
