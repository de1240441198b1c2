import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type RunningServer, startServer } from '../../src/app/server.js';
import { type Config, loadConfig } from '../../src/config/config.js';
import { Database } from '../../src/database/database.js';
import { Listener } from '../../src/database/listener.js';
import { withOwner } from '../../src/database/owner.js';
import { EVENTS } from '../../src/events/config.js';
import { Dispatcher } from '../../src/events/worker/dispatcher.js';
import { type RunningMetrics, startMetrics } from '../../src/metrics/start-metrics.js';
import { type TestDatabase, testDatabase } from '../helpers/database.js';

let databases: TestDatabase;
let folder: string;
let config: Config;
let running: RunningMetrics;
let server: RunningServer;

beforeAll(async () => {
  databases = await testDatabase();
  folder = await mkdtemp(join(tmpdir(), 'leopard-metrics-'));
  const settings = { DEBUG: 'true', LOG_LEVEL: 'error', PORT: '0', METRICS_PORT: String(await freePort()) };
  config = loadConfig({ ...settings, LEOPARD_DATA_DIR: folder }, folder);
  running = (await startMetrics(config, databases, fail))!;
  server = await startServer(config, handle(), running.metrics);
});

afterAll(async () => {
  await server.close();
  await running.close();
  await databases.drop();
  await rm(folder, { recursive: true });
});

const handle = () => ({
  kind: 'server' as const,
  app: databases.app,
  owner: databases.owner,
  ended: new Promise<void>(() => undefined),
  close: async () => undefined,
  abandon: () => undefined,
});
const fail = (line: string) => {
  throw new Error(line);
};

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

/** Requests a port with this host name. */
function ask(port: number, path: string, host = 'main.localhost', method = 'GET'): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port, path, method, headers: { host }, agent: false },
      (response) => {
        response.resume().on('end', () => resolve(response.statusCode ?? 0));
      },
    );
    sent.on('error', reject).end();
  });
}

/** Returns the metrics as Prometheus parses them: a line's name and labels, and its value. */
async function scrape(): Promise<Map<string, number>> {
  const response = await fetch(`http://127.0.0.1:${running.port}/metrics`);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toContain('text/plain; version=0.0.4');
  const lines = (await response.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  for (const line of lines)
    expect(line).toMatch(/^[a-z_\d]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? (-?[\d.e+-]+|[Nn]a[Nn])$/);
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]));
}

const sql = (text: string) => withOwner(databases.admin, (client) => client.query(text));
const apiPort = () => Number(new URL(server.address).port);

describe('/metrics', () => {
  it('is on its own listener, and not on any host of the API', async () => {
    for (const host of ['main.localhost', 'localhost', '127.0.0.1', 'other.example'])
      expect(await ask(apiPort(), '/metrics', host)).toBe(404);
    for (const path of ['/', '/health/', '/metrics/', '/api/v1/clients/'])
      expect(await ask(running.port, path)).toBe(404);
    expect(await ask(running.port, '/metrics', 'localhost', 'POST')).toBe(405);
  });

  it('counts requests by route, method and status, never by path', async () => {
    await ask(apiPort(), '/api/v1/clients/17/');
    await ask(apiPort(), '/api/v1/clients/18/');
    await ask(apiPort(), '/health/');
    await ask(apiPort(), '/health/', 'main.localhost', 'HEAD');
    await ask(apiPort(), '/no/such/path/1');
    const found = await scrape();
    const count = (labels: string) => found.get(`leopard_http_request_duration_seconds_count{${labels}}`);
    expect(count('route="/api/v1/clients/:id/",method="GET",status="401"')).toBe(2);
    expect(count('route="/health/",method="GET",status="200"')).toBe(1);
    expect(count('route="none",method="GET",status="404"')).toBeGreaterThanOrEqual(1);
    expect([...found.keys()].filter((key) => /clients\/1[78]|such/.test(key))).toEqual([]);
    expect(found.get('leopard_tenant_requests_total{tenant="tenant_main"}')).toBe(2);
    expect(found.get('leopard_tenant_request_seconds_total{tenant="tenant_main"}')).toBeGreaterThan(0);
    const bucket = (le: string) =>
      found.get(
        `leopard_http_request_duration_seconds_bucket{route="/health/",method="GET",status="200",le="${le}"}`,
      );
    expect(bucket('+Inf')).toBe(1);
    expect(bucket('10')).toBe(1);
  });

  it('shows connections, streams, the event loop and the process', async () => {
    const found = await scrape();
    expect(found.get('leopard_database_connections{pool="api",state="open"}')).toBeGreaterThanOrEqual(1);
    expect(found.get('leopard_database_connections{pool="api",state="waiting"}')).toBe(0);
    expect(found.get('leopard_open_streams')).toBe(0);
    expect(found.has('nodejs_eventloop_lag_p99_seconds')).toBe(true);
    expect(found.get('process_resident_memory_bytes')).toBeGreaterThan(1e6);
  });

  it('counts reads by where their answers come from', async () => {
    const found = await scrape();
    for (const outcome of ['kept', 'unchanged', 'made'])
      expect(found.get(`leopard_answers_total{outcome="${outcome}"}`)).toBe(0);
    expect(found.get('leopard_answers_kept_bytes')).toBe(0);
  });

  it('shows what waits in the queue, the fullest hundred tenants by name', async () => {
    await sql(`INSERT INTO public.event_queue (schema_name, event_id, event_type, entity_type, entity_id, queued_at)
      SELECT 'tenant_t' || t, n, 'Client.CREATE', 'Client', 1, now() - make_interval(secs => 100 + t)
      FROM generate_series(1, 103) t, generate_series(1, CASE WHEN t = 50 THEN 3 WHEN t > 100 THEN 1 ELSE 2 END) n`);
    const found = await scrape();
    const depth = (tenant: string) =>
      found.get(`leopard_event_queue_depth{tenant="${tenant}",type="Client.CREATE"}`);
    expect(depth('tenant_t50')).toBe(3);
    expect(depth('tenant_t1')).toBe(2);
    expect(depth('tenant_t101')).toBeUndefined();
    expect(depth('other')).toBe(3);
    const oldest = found.get('leopard_event_queue_oldest_seconds{tenant="other",type="Client.CREATE"}');
    expect(Math.round(oldest! / 10)).toBe(20);
    await sql('DELETE FROM public.event_queue');
    expect([...(await scrape()).keys()].filter((key) => key.includes('event_queue_depth{'))).toEqual([]);
  });

  it('counts what the dispatcher handled, and how long that took', async () => {
    const database = new Database(databases.app, { size: 2 });
    const listener = new Listener(databases.app);
    const dispatcher = new Dispatcher(database, listener, EVENTS, {
      onHandled: running.metrics.events.onHandled,
    });
    await listener.start();
    dispatcher.start();
    await sql(`INSERT INTO tenant_main.immigration_client (first_name) SELECT n::text FROM generate_series(1, 3) n;
      UPDATE tenant_main.immigration_client SET stage = 'CLIENT'`);
    const labels = 'tenant="tenant_main",type="Client.stage.UPDATE"';
    await vi.waitFor(
      async () => expect((await scrape()).get(`leopard_events_handled_total{${labels}}`)).toBe(3),
      { timeout: 10_000, interval: 200 },
    );
    const found = await scrape();
    expect(found.get(`leopard_event_latency_seconds_count{${labels}}`)).toBe(3);
    expect(found.get(`leopard_event_latency_seconds_sum{${labels}}`)).toBeLessThan(30);
    await dispatcher.stop();
    await listener.close();
    await database.close();
  });

  it('answers without the figures of a database that does not', async () => {
    await sql('ALTER TABLE public.event_queue RENAME TO hidden');
    await sql("INSERT INTO public.job_run (job, last_finished_at) VALUES ('reminders', now())");
    expect((await scrape()).has('leopard_open_streams')).toBe(true);
    await sql('ALTER TABLE public.hidden RENAME TO event_queue');
    expect((await scrape()).get('leopard_job_failed{job="reminders"}')).toBe(0);
  });
});

describe('the start', () => {
  it('goes on without figures when their port is taken, and says so in one line', async () => {
    const lines: string[] = [];
    expect(await startMetrics(config, databases, (line) => lines.push(line))).toBeNull();
    expect(lines).toEqual([
      `metrics are off: port ${config.metrics.port} is taken; set METRICS_PORT to another port, or to 0`,
    ]);
  });

  it('gives none when METRICS_PORT is 0', async () => {
    expect(await startMetrics({ metrics: { host: '127.0.0.1', port: 0 } }, databases, fail)).toBeNull();
  });
});
