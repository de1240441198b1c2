import { get } from 'node:http';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { buildApp } from '../../src/app/app.js';
import type { Config } from '../../src/config/config.js';
import { sql } from '../../src/database/sql.js';
import { logOptions } from '../../src/platform/log.js';
import { logSlowStatements } from '../../src/telemetry/slow-statement-log.js';
import { startTestApp, type TestApp } from '../helpers/app.js';
import { seedStaff } from '../helpers/staff.js';

let app: TestApp;
// biome-ignore lint/suspicious/noExplicitAny: lines of every shape
let lines: any[] = [];
const log = pino(logOptions('warn'), { write: (line) => lines.push(JSON.parse(line)) });
const closing: { close(): Promise<unknown> }[] = [];

beforeAll(async () => {
  app = await startTestApp();
  await seedStaff(app);
});
afterEach(async () => {
  for (const one of closing.splice(0)) await one.close();
  lines = [];
});
afterAll(() => app.close());

const logging = (statementMs: number, linesPerMinute = 30) =>
  closing.push(logSlowStatements({ statementMs, requestMs: 0, linesPerMinute }, log));
const slowly = (seconds: number, value = 'Personova') =>
  app.database.tenantQuery(
    { schema: 'tenant_main', userId: 7, source: '127.0.0.1 the-request agent' },
    sql`SELECT pg_sleep(${seconds}::float8),
        ${value}::text`,
  );

it('statements are logged with tenant, user, request and milliseconds, and without their values', async () => {
  logging(500);
  await slowly(0);
  expect(lines).toEqual([]);
  await slowly(0.52);
  const [{ ms, time, pid, hostname, ...line }] = lines;
  expect(line).toEqual({
    level: 40,
    msg: 'slow statements',
    reqId: 'the-request',
    tenant: 'tenant_main',
    user: 7,
    statements: ['SELECT pg_sleep($1::float8), $2::text'],
  });
  expect(ms).toBeGreaterThanOrEqual(519);
  await expect(slowly(0.52, 'not \0 text')).rejects.toThrow();
  await app.database.publicQuery(sql`SELECT pg_sleep(0.52)`);
  expect(lines.at(-1)).toMatchObject({ tenant: null, user: null });
});

it('statements have a maximum number of lines per minute; the next line tells how many were left out', async () => {
  logging(1, 2);
  for (let n = 0; n < 5; n++) await slowly(0.002);
  expect(lines).toHaveLength(2);
});

it('none is logged with the setting 0', async () => {
  logging(0);
  await slowly(0.02);
  expect(lines).toEqual([]);
});

it('requests are logged with their route, not with what was asked for', async () => {
  const { database, listener } = app;
  const slow = { statementMs: 0, requestMs: 0.001, linesPerMinute: 3 };
  const config: Config = { ...app.config, observability: { ...app.config.observability, slow } };
  const token = await app.logIn('admin');
  const built = await buildApp({ config, database, listener, log });
  closing.push(built.server);
  const ask = (url: string) =>
    built.server.inject({ url, headers: { host: 'main.localhost', authorization: `Bearer ${token}` } });
  const answer = await ask('/api/v1/clients/?search=Personova');
  const [{ ms, time, pid, hostname, ...line }] = lines;
  expect(line).toEqual({
    level: 40,
    msg: 'slow request',
    reqId: answer.headers['x-request-id'],
    tenant: 'tenant_main',
    user: 1,
    method: 'GET',
    route: '/api/v1/clients/',
    status: 200,
  });
  for (let n = 0; n < 4; n++) await ask('/api/v1/clients/');
  expect(lines).toHaveLength(3);
});

it('live streams are not slow requests, however long they are open', async () => {
  const { database, listener } = app;
  const slow = { statementMs: 0, requestMs: 1, linesPerMinute: 0 };
  const config: Config = { ...app.config, observability: { ...app.config.observability, slow } };
  const token = await app.logIn('admin');
  const built = await buildApp({ config, database, listener, log });
  closing.push(built.server);
  const base = await built.server.listen({ host: '127.0.0.1', port: 0 });
  const ask = (path: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      const headers = { host: 'main.localhost', authorization: `Bearer ${token}` };
      const sent = get(new URL(path, base), { headers, agent: false }, (response) => {
        response.once('data', () => response.destroy());
        response.once('close', () => resolve(response.statusCode));
      });
      sent.once('error', reject);
    });
  expect(await ask('/api/v1/notifications/stream/')).toBe(200);
  expect(await ask('/api/v1/clients/')).toBe(200);
  await vi.waitFor(() => expect(lines.map(({ route }) => route)).toContain('/api/v1/clients/'), {
    timeout: 30_000,
  });
  expect(lines.map(({ route }) => route)).not.toContain('/api/v1/notifications/stream/');
});
