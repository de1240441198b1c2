import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { inTransaction, withOwner } from '../../src/database/owner.js';
import { tryPort } from '../../src/platform/try-port.js';
import { lockPublic } from '../../src/schema/locking.js';
import { PASSWORD, startTestApp, type TestApp } from '../helpers/app.js';
import { settingsFor } from '../helpers/cli.js';
import { type TestDatabase, testDatabase } from '../helpers/database.js';
import { EventStream } from '../helpers/event-stream.js';
import { notify } from '../helpers/notifications.js';
import { seedStaff } from '../helpers/staff.js';
import { killAll, Program } from './program.js';

let folder: string;
let app: TestApp;
const started: Program[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'leopard-lifecycle-'));
  app = await startTestApp();
  await seedStaff(app);
});
afterEach(async () => {
  killAll(started.map(({ pid }) => pid));
  for (const { ended } of started.splice(0)) await ended;
});
afterAll(async () => {
  await app?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Waits until a request waits for a lock. A transaction of the looker's own would see what it saw first. */
async function oneWaitsForLock(): Promise<void> {
  const waiting =
    "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
  const count = () =>
    withOwner(app.databases.admin, async (client) => (await client.query(waiting)).rowCount);
  await expect.poll(count).toBe(1);
}

async function serve(environment: Record<string, string> = {}, databases: TestDatabase = app.databases) {
  const port = await tryPort('127.0.0.1', 0);
  const settings = settingsFor(databases, folder) as Record<string, string>;
  const program = Program.leopard(['serve', '--services', 'api'], {
    directory: folder,
    environment: {
      ...settings,
      PORT: String(port),
      METRICS_PORT: '0',
      EMAIL_TRANSPORT: 'off',
      ...environment,
    },
  });
  started.push(program);
  return { program, port, base: `http://127.0.0.1:${port}` };
}

interface Told {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  // biome-ignore lint/suspicious/noExplicitAny: bodies of several forms
  readonly body: any;
}

/** Sends a request on a connection of the agent, or on one of its own. */
function ask(
  port: number,
  path: string,
  {
    agent,
    method = 'GET',
    token,
    body,
  }: { agent?: Agent; method?: string; token?: string; body?: object } = {},
): Promise<Told> {
  return new Promise((resolve, reject) => {
    const headers = {
      host: 'main.localhost',
      ...(token && { authorization: `Bearer ${token}` }),
      ...(body && { 'content-type': 'application/json' }),
    };
    const sent = request({ port, path, method, headers, agent: agent ?? false }, (response) => {
      let text = '';
      response.on('data', (part) => {
        text += part;
      });
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: JSON.parse(text || '{}'),
        }),
      );
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body && JSON.stringify(body));
  });
}

const readyAt = (port: number) => ask(port, '/health/ready');
const logIn = async (port: number): Promise<string> => {
  const { body } = await ask(port, '/api/token/', {
    method: 'POST',
    body: { username: 'admin', password: PASSWORD },
  });
  return body.access;
};

describe('a start', () => {
  it('that migrates answers health checks meanwhile, tells its progress, and hands over without a gap', async () => {
    const empty = await testDatabase({ from: 'empty' });
    try {
      let goOn: () => void = () => undefined;
      const held = new Promise<void>((resolve) => {
        goOn = resolve;
      });
      const locked = withOwner(empty.owner, (client) =>
        inTransaction(client, async () => {
          await lockPublic(client);
          await held;
        }),
      );
      const { program, port } = await serve({}, empty);
      await expect
        .poll(
          () =>
            ask(port, '/health/live').then(
              ({ status }) => status,
              () => 0,
            ),
          { timeout: 30_000 },
        )
        .toBe(200);
      const failures: unknown[] = [];
      let isOver = false;
      const watching = (async () => {
        while (!isOver) {
          await ask(port, '/health/live').then(
            ({ status }) => status === 200 || failures.push(status),
            (error) => failures.push(error),
          );
        }
      })();
      const { status, body, headers } = await readyAt(port);
      expect([status, body, headers['retry-after']]).toEqual([
        503,
        {
          status: 'not ready',
          reasons: [{ code: 'migrating', detail: 'migrating the database: 0 of 1', done: 0, total: 1 }],
        },
        '1',
      ]);
      expect((await ask(port, '/health/')).status).toBe(503);
      const refused = await ask(port, '/api/v1/clients/');
      expect([refused.status, refused.body]).toEqual([503, { detail: 'The service is starting.' }]);
      goOn();
      await locked;
      await program.said(/Leopard is ready on port/);
      expect((await readyAt(port)).body).toEqual({ status: 'ready', reasons: [] });
      isOver = true;
      await watching;
      expect(failures).toEqual([]);
      expect(await program.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    } finally {
      killAll(started.map(({ pid }) => pid));
      await empty.drop();
    }
  });

  it('with nothing to migrate opens its port only when it serves', async () => {
    const { program, port } = await serve();
    const seen = new Set<number>();
    let isReady = false;
    void program.said(/Leopard is ready on port/).then(() => {
      isReady = true;
    });
    while (!isReady)
      seen.add(
        await ask(port, '/health/').then(
          ({ status }) => status,
          () => 0,
        ),
      );
    expect([...seen].sort()).toEqual(seen.has(200) ? [0, 200] : [0]);
  });
});

describe('SIGTERM', () => {
  it('is told by /health/ready first, then connections are closed with their next answer, and work is finished', async () => {
    const { program, port, base } = await serve({ DRAIN_SECONDS: '5' });
    await program.said(/Leopard is ready on port/);
    const token = await logIn(port);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const idle = new Agent({ keepAlive: true, maxSockets: 1 });
    for (const one of [agent, idle])
      expect((await ask(port, '/health/', { agent: one })).headers.connection).toBe('keep-alive');
    const stream = await EventStream.open(base, { token });
    await stream.until('connection_established');

    let goOn: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    let isLocked: () => void = () => undefined;
    const lock = new Promise<void>((resolve) => {
      isLocked = resolve;
    });
    const locked = withOwner(
      { ...app.databases.admin, database: app.databases.app.database },
      async (client) => {
        await client.query('BEGIN; LOCK TABLE tenant_main.immigration_agent');
        isLocked();
        await held;
      },
    );
    await lock;
    const agentMade = ask(port, '/api/v1/agents/', {
      method: 'POST',
      token,
      body: { agent_name: 'Made while stopping', agent_type: 'SUB_AGENT' },
    });
    await oneWaitsForLock();

    const begun = performance.now();
    const ended = program.kill('SIGTERM');
    await expect.poll(async () => (await readyAt(port)).body.reasons[0]?.code).toBe('draining');
    const meanwhile = await ask(port, '/api/v1/agents/options/', { agent, token }).catch(() => null);
    expect(meanwhile?.headers.connection).toBe('keep-alive');
    expect(stream.isEnded).toBe(false);

    await stream.ended;
    expect(performance.now() - begun).toBeGreaterThan(4_900);
    const retry = Number(/retry: (\d+)\n/.exec(stream.raw)?.[1]);
    expect(retry).toBeGreaterThanOrEqual(100);
    expect(retry).toBeLessThanOrEqual(1_100);
    const last = await ask(port, '/health/', { agent });
    expect([last.status, last.headers.connection]).toEqual([200, 'close']);
    await expect(ask(port, '/health/')).rejects.toThrow(/ECONNREFUSED/);

    goOn();
    await locked;
    expect((await agentMade).status).toBe(201);
    expect(await ended).toEqual({ code: 0, signal: null });
    agent.destroy();
    idle.destroy();
  });

  it('ends streams so that a client misses nothing, also one that has received nothing yet', async () => {
    const { program, port, base } = await serve();
    await program.said(/Leopard is ready on port/);
    await notify(app, 'admin', [{ title: 'before' }]);
    const stream = await EventStream.open(base, { token: await logIn(port) });
    await stream.until('connection_established');
    await program.kill('SIGTERM');
    await stream.ended;
    const lastId = stream.received.at(-1)?.id;
    expect(lastId).toMatch(/^\d+$/);
    expect(stream.received.at(-1)?.data.type).toBe('heartbeat');
    const ids = await notify(app, 'admin', [{ title: 'between' }, { title: 'and' }]);
    const again = await EventStream.open(app.base, {
      token: await app.logIn('admin'),
      headers: { 'last-event-id': String(lastId) },
    });
    await again.until('notification_message', 2);
    await sleep(100);
    expect(again.ids).toEqual(ids);
    again.close();
  });

  it('waits for requests no longer than FINISH_SECONDS', async () => {
    const { program, port } = await serve({ FINISH_SECONDS: '1' });
    await program.said(/Leopard is ready on port/);
    const token = await logIn(port);
    await withOwner({ ...app.databases.admin, database: app.databases.app.database }, async (client) => {
      await client.query('BEGIN; LOCK TABLE tenant_main.immigration_agent');
      const cut = ask(port, '/api/v1/agents/', { token }).catch((error: Error) => error);
      await oneWaitsForLock();
      const begun = performance.now();
      const ended = program.kill('SIGTERM');
      expect(await cut).toBeInstanceOf(Error);
      expect(performance.now() - begun).toBeGreaterThan(900);
      await client.query('ROLLBACK');
      expect(await ended).toEqual({ code: 0, signal: null });
    });
  });
});

it('Ctrl-C does not wait for balancers', async () => {
  const { program } = await serve({ DRAIN_SECONDS: '300' });
  await program.said(/Leopard is ready on port/);
  const begun = performance.now();
  expect(await program.interrupt()).toEqual({ code: 0, signal: null });
  expect(performance.now() - begun).toBeLessThan(60_000);
});
