import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { buildApp } from '../../src/app/app.js';
import { Database } from '../../src/database/database.js';
import { Listener } from '../../src/database/listener.js';
import { sql } from '../../src/database/sql.js';
import { DeliverySender } from '../../src/deliveries/sender.js';
import { EVENTS } from '../../src/events/config.js';
import { Dispatcher } from '../../src/events/worker/dispatcher.js';
import { logOptions } from '../../src/platform/log.js';
import { divertSecurityLines } from '../../src/platform/security-lines.js';
import { startSentry } from '../../src/telemetry/sentry.js';
import { logSlowStatements } from '../../src/telemetry/slow-statement-log.js';
import { startTracing } from '../../src/telemetry/tracing.js';
import { startReceiver } from '../deliveries/receiver.js';
import { settingsFor } from '../deliveries/settings.js';
import { PASSWORD, startTestApp, type TestApp } from '../helpers/app.js';
import { hasNginx, type Nginx, startNginx } from '../helpers/nginx.js';
import { otlpReceiver } from '../helpers/otlp-receiver.js';
import { PASSPORT_NUMBER } from '../helpers/secret-samples.js';
import { secretsIn } from '../helpers/secret-scan.js';
import { seedStaff } from '../helpers/staff.js';
import { tenantSql } from '../helpers/tenant-sql.js';

// Everything that the program writes about itself, at its most talkative, while secrets go in and out of it.

const WEBHOOK_SECRET = 'whsec_observed_4471902';
const EMAIL = 'ludmilla@personova.example';
const HOST = 'main.leopard.test';
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

const written: string[] = [];
const reported: string[] = [];
const secrets: string[] = [];
const closing: (() => unknown)[] = [];
let app: TestApp;
let base: string;
let nginx: Nginx | undefined;
let collector: Awaited<ReturnType<typeof otlpReceiver>>;

beforeAll(async () => {
  const sentry = createServer(async (request, response) => {
    for await (const chunk of request) reported.push(String(chunk));
    response.end('{}');
  });
  await new Promise<void>((resolve) => {
    sentry.listen(0, '127.0.0.1', resolve);
  });
  closing.push(
    () => sentry.closeAllConnections(),
    () => sentry.close(),
  );
  const log = pino(logOptions('trace'), { write: (line) => written.push(line) });
  const about = { version: '1', warn: (line: string) => log.warn(line) };
  const dsn = `http://key@127.0.0.1:${(sentry.address() as AddressInfo).port}/1`;
  const reporting = startSentry({ dsn, environment: 'test' }, about);
  collector = await otlpReceiver();
  app = await startTestApp({
    environment: {
      LOG_LEVEL: 'trace',
      BASE_DOMAIN: 'leopard.test',
      TRUSTED_PROXIES: '127.0.0.1',
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      SLOW_REQUEST_MS: '1',
      SLOW_STATEMENT_MS: '1',
      SLOW_LINES_PER_MINUTE: '0',
    },
  });
  const { config, database, listener } = app;
  const { tracing, slow } = config.observability;
  const exporting = startTracing(tracing, { ...about, everyMs: 20 });
  const slowly = logSlowStatements(slow, log);
  divertSecurityLines((line) => written.push(JSON.stringify(line)));
  closing.push(
    () => divertSecurityLines(null),
    () => slowly.close(),
    () => exporting.close(),
  );
  closing.push(
    () => reporting.close(),
    () => collector.close(),
  );
  await seedStaff(app);
  await tenantSql(
    app.databases.admin,
    `INSERT INTO public.tenants_domain (domain, tenant_id, is_primary)
     SELECT '${HOST}', id, false FROM public.tenants_tenant WHERE schema_name = 'tenant_main';
     CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
     BEGIN RAISE EXCEPTION 'broken on purpose' USING ERRCODE = 'XX001',
       DETAIL = 'Failing row contains (' || NEW.passport_no || ')'; END $$;
     CREATE TRIGGER fail BEFORE UPDATE ON immigration_passport FOR EACH ROW EXECUTE FUNCTION fail()`,
  );
  const built = await buildApp({ config, database, listener, log });
  base = await built.server.listen({ host: '127.0.0.1', port: 0 });
  closing.unshift(() => built.server.close());

  const receiver = await startReceiver();
  await database.tenantQuery(
    { schema: 'tenant_main', userId: null },
    sql`INSERT INTO webhook_endpoint (url, secret, event_types)
        VALUES (${`https://localhost:${receiver.port}/hook?token=${WEBHOOK_SECRET}`}, ${WEBHOOK_SECRET}, '["*"]')`,
  );
  const onError = (error: unknown) => log.error({ err: error }, 'sending');
  const sender = new DeliverySender(database, {
    settings: settingsFor([receiver.port]),
    mailer: null,
    pollMs: 30,
    onError,
  });
  const own = new Database(app.databases.app, { size: 2 });
  const hearing = new Listener(app.databases.app);
  const dispatcher = new Dispatcher(own, hearing, EVENTS, {
    log: (message, error, tenant) => log.error({ err: error, tenant }, message),
  });
  await hearing.start();
  dispatcher.start();
  sender.start();
  closing.unshift(
    () => sender.close(),
    () => dispatcher.stop(),
    () => hearing.close(),
    () => own.close(),
    () => receiver.close(),
  );
  if (hasNginx) {
    nginx = await startNginx({ domain: 'leopard.test', upstreams: [new URL(base).host] });
    closing.unshift(() => nginx?.stop());
  }
});
afterAll(async () => {
  for (const close of closing) await close();
  await app.close();
});

interface Asked {
  readonly token?: string;
  readonly body?: unknown;
  readonly type?: string;
}

/** Sends a request, through nginx where it is installed; resolves with the beginning of the answer. */
async function ask(method: string, path: string, { token, body, type = 'application/json' }: Asked = {}) {
  const content = Buffer.isBuffer(body) || typeof body === 'string' ? body : JSON.stringify(body);
  const headers = {
    host: HOST,
    ...(token && { authorization: `Bearer ${token}` }),
    ...(body !== undefined && { 'content-type': type, 'content-length': Buffer.byteLength(content) }),
    referer: `https://${HOST}/page?token=${token ?? 'none'}`,
  };
  const { request: httpsRequest } = await import('node:https');
  const target = nginx
    ? { host: '127.0.0.1', port: nginx.httpsPort, servername: HOST, ca: nginx.certificates }
    : { host: '127.0.0.1', port: new URL(base).port };
  return await new Promise<{ status: number; text: string }>((resolve, reject) => {
    const sent = (nginx ? httpsRequest : httpRequest)(
      { ...target, method, path, headers, agent: false },
      (response) => {
        let text = '';
        const isStream = response.headers['content-type'] === 'text/event-stream';
        const done = () => resolve({ status: response.statusCode ?? 0, text });
        response.on('data', (chunk) => {
          text += chunk;
          if (!isStream) return;
          done();
          response.destroy();
        });
        response.on('end', done);
        response.on('error', () => undefined);
      },
    );
    sent.on('error', reject);
    sent.end(content);
  });
}

it('logs, spans, reports and nginx’s logs hold no token, password, passport number or signed address', async () => {
  const user = { username: 'admin', password: PASSWORD };
  const logged = JSON.parse((await ask('POST', '/api/token/', { body: user })).text);
  const { access: token, refresh } = logged;
  secrets.push(token, refresh, WEBHOOK_SECRET, PASSPORT_NUMBER, PASSWORD, EMAIL);
  const statuses: Record<string, number> = {};
  const note = async (name: string, asked: ReturnType<typeof ask>) => {
    const answer = await asked;
    statuses[name] = answer.status;
    return answer;
  };
  await note('refresh', ask('POST', '/api/token/refresh/', { body: { refresh } }));
  await note('wrong password', ask('POST', '/api/token/', { body: { ...user, password: `${PASSWORD}x` } }));
  await note('broken body', ask('POST', '/api/token/', { body: `{"password": ${PASSWORD}` }));
  await note('forged token', ask('GET', '/api/v1/clients/', { token: `${token}x` }));
  await note('token in the path', ask('GET', `/api/v1/clients/?token=${token}`));
  const person = {
    first_name: 'Ludmilla',
    last_name: 'Personova',
    email: EMAIL,
    gender: 'FEMALE',
    country: 'NP',
  };
  const client = await note(
    'client',
    ask('POST', '/api/v1/clients/', { token, body: { ...person, branch: 1 } }),
  );
  const { id } = JSON.parse(client.text);
  const passport = {
    ...{ client_id: id, passport_no: PASSPORT_NUMBER, passport_country: 'NP', country_of_birth: 'NP' },
    ...{
      nationality: 'NP',
      date_of_issue: '2020-01-01',
      date_of_expiry: '2040-01-01',
      place_of_issue: 'Pokhara',
    },
  };
  await note('passport', ask('POST', '/api/v1/passports/', { token, body: passport }));
  const changed = { ...passport, place_of_issue: 'Kathmandu' };
  await note('500', ask('POST', '/api/v1/passports/', { token, body: changed }));
  await note(
    'bad value',
    ask('POST', '/api/v1/passports/', { token, body: { ...passport, client_id: PASSPORT_NUMBER } }),
  );
  await note('search', ask('GET', `/api/v1/clients/?search=${PASSPORT_NUMBER}`, { token }));
  const form = [
    '--limit\r\ncontent-disposition: form-data; name="file"; filename="me.png"\r\ncontent-type: image/png\r\n\r\n',
    '\r\n--limit--\r\n',
  ] as const;
  const picture = await note(
    'picture',
    ask('POST', `/api/v1/clients/${id}/profile-picture/`, {
      token,
      body: Buffer.concat([Buffer.from(form[0]), PNG, Buffer.from(form[1])]),
      type: 'multipart/form-data; boundary=limit',
    }),
  );
  const [signed] = /\/media\/[^"\\]+signature=[\w-]+/.exec(picture.text) ?? [];
  if (signed) {
    secrets.push(/signature=([\w-]+)/.exec(signed)![1]!);
    await note('file', ask('GET', signed));
    await note('expired file', ask('GET', signed.replace(/expires=\d+/, 'expires=1')));
  }
  await note('stream', ask('GET', `/api/v1/notifications/stream/?token=${token}`));
  const reset = { token: `reset-${'x'.repeat(40)}`, new_password: 'Namche-Bazaar-3440' };
  secrets.push(reset.token);
  await note('reset', ask('POST', '/api/password-reset/confirm/', { body: reset }));
  expect(statuses).toMatchObject({
    refresh: 200,
    'forged token': 401,
    client: 201,
    passport: 200,
    stream: 200,
  });
  expect([statuses['500'], statuses.picture, statuses.file]).toEqual([500, 201, 200]);

  const has = (text: RegExp) => written.some((line) => text.test(line));
  await vi.waitFor(() => expect(collector.spans.some(({ name }) => name === 'delivery webhook')).toBe(true), {
    timeout: 20_000,
  });
  await vi.waitFor(() => expect(reported.join('')).toContain('broken on purpose'), { timeout: 30_000 });
  for (const line of [
    /"msg":"request"/,
    /"msg":"slow request"/,
    /"msg":"slow statements"/,
    /broken on purpose/,
  ])
    expect(has(line), String(line)).toBe(true);
  if (nginx) expect(nginx.logs()).toContain('/api/v1/notifications/stream/');
  const outputs = {
    log: written.join(''),
    spans: collector.bodies.join('\n'),
    reports: reported.join('\n'),
    nginx: nginx?.logs() ?? '',
  };
  for (const [name, text] of Object.entries(outputs)) expect(secretsIn(text, secrets), name).toEqual([]);
});

it.each([
  ['a token', 'eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyX2lkIjoxfQ.c2lnbmF0dXJlLW9mLWl0'],
  ['a bearer’s header', 'authorization: Bearer abcdefghijkl'],
  ['a signed address', '/media/x.png?expires=1&signature=abcdefgh1234'],
  ['a token in an address', 'https://x.example/reset-password#token=abcdefghijkl'],
  ['a secret of webhooks', 'whsec_abcdefghijk'],
  ['a hash of a password', '$argon2id$v=19$m=1'],
  ['a password in an address', 'postgres://app:hunter2@db/crm'],
  [PASSPORT_NUMBER, `Key (passport_no)=(${PASSPORT_NUMBER}) already exists.`],
])('%s is recognised', (kind, text) => {
  expect(secretsIn(text).map((found) => found.kind)).toContain(kind);
});
