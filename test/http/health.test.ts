import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { buildApp } from '../../src/app/app.js';
import { loadConfig } from '../../src/config/config.js';
import { Database } from '../../src/database/database.js';
import { Listener } from '../../src/database/listener.js';
import { healthRoute } from '../../src/routing/health.js';
import { startTestApp, type TestApp } from '../helpers/app.js';

const HEALTHY = { status: 'healthy', service: 'leopard-backend' };
const UNHEALTHY = { status: 'unhealthy', service: 'leopard-backend' };

describe('with its database', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({ environment: { ALLOWED_HOSTS: 'main.localhost' } });
  });
  afterAll(() => app?.close());

  test.each(['main.localhost', 'nobody.example.com', '10.0.0.7:8000', '[::1]', 'no host at all', 'a..b'])(
    'it is healthy at %j',
    async (host) => {
      const { status, body } = await app.ask('GET', '/health/', { headers: { host } });
      expect([status, body]).toEqual([200, HEALTHY]);
    },
  );

  test('whoever asks, with whatever token', async () => {
    expect((await app.ask('GET', '/health/', { token: 'nonsense' })).status).toBe(200);
    expect((await app.ask('GET', '/health/?_t=1')).body).toEqual(HEALTHY);
  });
});

describe('without its database', () => {
  let server: Awaited<ReturnType<typeof buildApp>>['server'];
  let database: Database;
  let closed: Server;

  beforeAll(async () => {
    closed = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => closed.once('listening', resolve));
    const { port } = closed.address() as { port: number };
    await new Promise((resolve) => closed.close(resolve));
    const settings = { host: '127.0.0.1', port, database: 'x', user: 'secret-user', password: 'x' };
    database = new Database(settings, { size: 1 });
    const environment = { DEBUG: 'true', SECRET_KEY: 'x', LOG_LEVEL: 'silent' };
    const config = loadConfig(environment, '/nowhere');
    ({ server } = await buildApp({ config, database, listener: new Listener(settings) }));
  });
  afterAll(async () => {
    await server?.close();
    await database?.close();
  });

  test('it is unhealthy, and does not say why', async () => {
    const answer = await server.inject({ method: 'GET', url: '/health/', headers: { host: 'anything' } });
    expect([answer.statusCode, answer.json()]).toEqual([503, UNHEALTHY]);
  });

  test('everything else is 503 too, and does not say why', async () => {
    for (const url of ['/api/v1/clients/', '/api/public/tenant-info/']) {
      const answer = await server.inject({ method: 'GET', url, headers: { host: 'main.localhost' } });
      expect([answer.statusCode, answer.json()]).toEqual([
        503,
        { detail: 'The service is busy. Try again.' },
      ]);
      expect(answer.headers['retry-after']).toBe('1');
    }
  });
});

describe('the check', () => {
  const ask = (route: ReturnType<typeof healthRoute>) => {
    const codes: number[] = [];
    const reply = { code: (status: number) => codes.push(status) };
    return route
      .handler({ admitted: {} } as never, reply as never)
      .then((body) => [codes[0] ?? 200, (body as { status: string }).status]);
  };

  test('gives up on a database that does not answer', async () => {
    const silent = healthRoute(() => new Promise(() => undefined), 20);
    expect(await ask(silent)).toEqual([503, 'unhealthy']);
  });

  test('notices that the database is away although the clock was set back', async () => {
    let isAway = false;
    const route = healthRoute(async () => {
      if (isAway) throw new Error('away');
    });
    expect(await ask(route)).toEqual([200, 'healthy']);
    isAway = true;
    vi.spyOn(Date, 'now').mockReturnValue(Date.now() - 3_600_000);
    try {
      await expect.poll(() => ask(route)).toEqual([503, 'unhealthy']);
    } finally {
      vi.restoreAllMocks();
    }
  });

  test('asks the database once a second, however many want to know', async () => {
    let asked = 0;
    const route = healthRoute(async () => {
      asked++;
    });
    const answers = await Promise.all(Array.from({ length: 50 }, () => ask(route)));
    expect(new Set(answers.map(String))).toEqual(new Set(['200,healthy']));
    expect(asked).toBe(1);
  });
});
