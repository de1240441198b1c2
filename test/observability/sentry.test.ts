import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Logger, pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { buildApp } from '../../src/app/app.js';
import { errorLines, logOptions } from '../../src/platform/log.js';
import { withoutPersonal } from '../../src/telemetry/personal.js';
import { startSentry } from '../../src/telemetry/sentry.js';
import { startTestApp, type TestApp } from '../helpers/app.js';
import { seedStaff } from '../helpers/staff.js';
import { tenantSql } from '../helpers/tenant-sql.js';

/** A receiver of envelopes, as Sentry's. */
const receiver = {
  status: 200,
  hangs: false,
  bodies: [] as string[],
  paths: [] as (string | undefined)[],
  headers: {} as Record<string, string>,
};
const server = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  receiver.bodies.push(Buffer.concat(chunks).toString());
  receiver.paths.push(request.url);
  if (!receiver.hangs) response.writeHead(receiver.status, receiver.headers).end('{}');
});
/** The events of all envelopes. */
// biome-ignore lint/suspicious/noExplicitAny: JSON from outside
const events = (): any[] =>
  receiver.bodies.flatMap((body) => {
    const lines = body
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
    return lines.filter((_, index) => lines[index - 1]?.type === 'event');
  });

let app: TestApp;
let reporting: ReturnType<typeof startSentry>;
let log: Logger;
const written: string[] = [];
const warnings: string[] = [];

beforeAll(async () => {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  app = await startTestApp({ environment: { LOG_LEVEL: 'silent' } });
  await seedStaff(app);
  log = pino(logOptions('error'), { write: (line) => written.push(line) });
});
afterAll(async () => {
  await app.close();
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  Object.assign(receiver, { status: 200, hangs: false, bodies: [], paths: [], headers: {} });
  warnings.length = 0;
  written.length = 0;
  begin();
});
afterEach(async () => {
  await reporting.close();
  expect(errorLines.sink).toBeNull();
});

function begin(port = (server.address() as AddressInfo).port): void {
  const dsn = `http://publickey@127.0.0.1:${port}/42`;
  reporting = startSentry(
    { dsn, environment: 'test' },
    { version: '1.2.3', warn: (line) => warnings.push(line) },
  );
}

it('gets an error with its stack, the tenant and the request’s id, and nothing of the request', async () => {
  const { config, database, listener } = app;
  const built = await buildApp({ config, database, listener, log });
  try {
    await built.server.ready();
    const token = await app.logIn('admin');
    await tenantSql(
      app.databases.admin,
      `CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN RAISE EXCEPTION 'broken on purpose' USING ERRCODE = 'XX001',
         DETAIL = 'Failing row contains (' || NEW.last_name || ', ' || NEW.email || ')'; END $$;
       CREATE TRIGGER fail BEFORE INSERT ON immigration_client FOR EACH ROW EXECUTE FUNCTION fail()`,
    );
    const answer = await built.server.inject({
      method: 'POST',
      url: '/api/v1/clients/?secret=query-of-personova',
      headers: { host: 'main.localhost', authorization: `Bearer ${token}`, 'x-own': 'header-of-personova' },
      payload: {
        ...{ first_name: 'Ludmilla', last_name: 'Personova', email: 'ludmilla@personova.example' },
        ...{ phone_number: '+9779812345678', gender: 'FEMALE', country: 'NP', branch: 1 },
      },
    });
    expect(answer.statusCode).toBe(500);
    await vi.waitFor(() => expect(events()).toHaveLength(1), { timeout: 30_000 });
    expect(receiver.paths[0]).toMatch(/^\/api\/42\/envelope\//);
    const [event] = events();
    expect(event).toMatchObject({
      ...{ level: 'error', environment: 'test', release: 'leopard@1.2.3', transaction: 'request failed' },
      tags: { tenant: 'tenant_main', request_id: answer.headers['x-request-id'], code: 'XX001' },
    });
    const [exception] = event.exception.values;
    expect(exception).toMatchObject({ type: 'DatabaseError', value: 'broken on purpose' });
    expect(exception.stacktrace.frames.length).toBeGreaterThan(0);
    for (const text of [receiver.bodies.join(), written.join()])
      expect(text).not.toMatch(/Ludmilla|ersonova|9812345678|Bearer|127\.0\.0\.1|user_agent|"request"/);
    expect(event).not.toHaveProperty('user');
    expect(written).toHaveLength(1);
  } finally {
    await built.server.close();
  }
});

it('gets lines of levels error and fatal, and no others; a message alone where there is no error', async () => {
  log.warn('not this');
  log.error({ tenant: 'tenant_main' }, 'job x: somebody@personova.example could not be told');
  log.fatal({ err: new TypeError('no way on') }, 'ended');
  await vi.waitFor(() => expect(events()).toHaveLength(2), { timeout: 30_000 });
  expect(events()[0]).toMatchObject({ level: 'error', message: 'job x: … could not be told' });
  expect(events()[1]).toMatchObject({ level: 'fatal', transaction: 'ended' });
  expect(events()[1].tags).toEqual({});
});

it('costs nothing but a line a minute while the receiver refuses, is away or does not answer', async () => {
  const fail = async () => {
    for (let n = 0; n < 40; n++) log.error({ err: new Error('again') }, 'failed');
    await vi.waitFor(() => expect(warnings).toHaveLength(1), { timeout: 30_000 });
  };
  receiver.status = 500;
  await fail();
  expect(warnings[0]).toBe('errors could not be reported: the receiver answers 500');

  await reporting.close();
  warnings.length = 0;
  begin(9);
  await fail();
  expect(warnings[0]).toBe('errors could not be reported: ECONNREFUSED');

  await reporting.close();
  receiver.hangs = true;
  receiver.bodies = [];
  begin();
  for (let n = 0; n < 500; n++) log.error({ err: new Error('again') }, 'failed');
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(receiver.bodies.length).toBeLessThanOrEqual(20);
  expect(written.length).toBeGreaterThanOrEqual(500);
  server.closeAllConnections();
});

it.each([
  [
    "Cannot read properties of undefined (reading 'id')",
    "Cannot read properties of undefined (reading 'id')",
  ],
  [
    'null value in column "agent_id" of relation "task"',
    'null value in column "agent_id" of relation "task"',
  ],
  ['no user "Ludmilla P"', 'no user "…"'],
  ['sent to a@b.example', 'sent to …'],
  ['GET /media/a.png?signature=abc failed', 'GET /media/a.png?… failed'],
  ['passport AB1234567 is taken', 'passport … is taken'],
  ['token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abcdefghijklmnop', 'token …'],
  ['connect ECONNREFUSED at port 5432', 'connect ECONNREFUSED at port 5432'],
])('%s becomes %s', (text, reported) => {
  expect(withoutPersonal(text)).toBe(reported);
});
