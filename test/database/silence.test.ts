import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { buildApp } from '../../src/app/app.js';
import { loadConfig } from '../../src/config/config.js';
import { CHANNELS } from '../../src/database/channels.js';
import { Database } from '../../src/database/database.js';
import { databaseFailure } from '../../src/database/errors.js';
import { Listener } from '../../src/database/listener.js';
import { inTransaction, withOwner } from '../../src/database/owner.js';
import { statement } from '../../src/database/statement.js';
import { type TestDatabase, testDatabase } from '../helpers/database.js';
import { startTcpProxy, type TcpProxy } from '../helpers/tcp-proxy.js';

// A database that neither answers nor refuses: the network drops everything, and no connection is closed.

const WITHIN = 400;
/** Time limit for noticing: the silence, asking for a sign of life, and a busy machine. */
const TOLD_WITHIN_MS = 3_000;
/** A busy machine may hold up one attempt, each of which has a proxy of its own; a fault holds up all of them. */
const ATTEMPTS = { retry: 2 };

let databases: TestDatabase;
let proxy: TcpProxy;
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  databases = await testDatabase();
});
afterAll(() => databases?.drop());
beforeEach(async () => {
  proxy = await startTcpProxy(databases.app);
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  await proxy.close();
});

function connect(size: number): Database {
  const database = new Database({ ...proxy.settings, answersWithin: WITHIN }, { size });
  closing.push(() => database.close());
  return database;
}

const context = { schema: 'tenant_main', userId: null };
const quick = statement<{ n: number }>('SELECT 1 AS n');
const sleeping = (seconds: number) => statement('SELECT pg_sleep($1::float8)', [seconds]);

/** Measures the milliseconds until this fails the way an unavailable database does. */
async function failing(work: Promise<unknown>): Promise<number> {
  const begun = performance.now();
  const error = await work.then(
    () => 'success',
    (failure: unknown) => failure,
  );
  expect(databaseFailure(error), String(error)).toEqual({ kind: 'unavailable' });
  return performance.now() - begun;
}

describe('the connections of a pool', ATTEMPTS, () => {
  it('are not waited for without end when they are made', async () => {
    proxy.stall();
    const database = connect(2);
    expect(await failing(database.publicQuery(quick))).toBeLessThan(TOLD_WITHIN_MS);
    proxy.goOn();
    expect(await database.publicQuery(quick)).toEqual([{ n: 1 }]);
  });

  it('are given up while a statement runs, and made anew', async () => {
    const database = connect(1);
    const running = failing(database.tenantQuery(context, sleeping(0.2)));
    await sleep(100);
    proxy.stall();
    expect(await running).toBeLessThan(TOLD_WITHIN_MS);
    proxy.goOn();
    expect(await database.tenantQuery(context, quick)).toEqual([{ n: 1 }]);
  });

  it('are given up where only those fall silent that there are, the idle ones with the first that shows it', async () => {
    const database = connect(5); // of which one agency has three at most
    await Promise.all([1, 2, 3].map(() => database.tenantQuery(context, sleeping(0.1))));
    expect(database.load.open).toBe(3);
    proxy.stallOpen();
    expect(await failing(database.tenantQuery(context, quick))).toBeLessThan(TOLD_WITHIN_MS);
    const begun = performance.now();
    await Promise.all([1, 2, 3].map(() => database.tenantQuery(context, quick)));
    expect(performance.now() - begun).toBeLessThan(WITHIN);
  });

  it('are kept while the server works on a statement, however long it may take', async () => {
    const database = connect(1);
    const process = statement<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const before = await database.publicQuery(process);
    await database.tenantQuery(context, sleeping(4 * (WITHIN / 1000)));
    expect(await database.publicQuery(process)).toEqual(before);
  });

  it('are closed within seconds though nobody hears of it', async () => {
    const database = new Database({ ...proxy.settings, answersWithin: WITHIN }, { size: 2 });
    await database.publicQuery(quick);
    proxy.stall();
    const begun = performance.now();
    await database.close();
    expect(performance.now() - begun).toBeLessThan(TOLD_WITHIN_MS);
  });
});

describe('the owner’s connection', ATTEMPTS, () => {
  const settings = () => ({ ...databases.owner, port: proxy.settings.port, answersWithin: WITHIN });

  it('is given up within seconds, and closed', async () => {
    const work = withOwner(settings(), (client) =>
      inTransaction(client, async () => {
        proxy.stall();
        await client.query('SELECT 1');
      }),
    );
    expect(await failing(work)).toBeLessThan(TOLD_WITHIN_MS + 2_000); // closing has two seconds
  });

  it('is kept while the server works', async () => {
    await withOwner(settings(), (client) => client.query('SELECT pg_sleep(1.5)'));
  });
});

describe('requests', ATTEMPTS, () => {
  it('are answered 503 with Retry-After, and served again when the database is back', async () => {
    const database = connect(2);
    const listener = new Listener({ ...proxy.settings, answersWithin: WITHIN });
    const config = loadConfig(
      { SECRET_KEY: 'test-key-0123456789-abcdefghijklmnopqrstuvwxyz', LOG_LEVEL: 'silent' },
      '/nonexistent',
    );
    const { server } = await buildApp({ config, database, listener });
    closing.push(() => server.close());
    const ask = async (url: string) => {
      const begun = performance.now();
      const { statusCode, headers } = await server.inject({ url, headers: { host: 'main.localhost' } });
      return { status: statusCode, retry: headers['retry-after'], took: performance.now() - begun };
    };
    const tenant = '/api/public/tenant-info/';
    expect(await ask(tenant)).toMatchObject({ status: 200 });
    proxy.stall();
    for (const { status, retry, took } of await Promise.all(Array.from({ length: 10 }, () => ask(tenant)))) {
      expect({ status, retry }).toEqual({ status: 503, retry: '1' });
      expect(took).toBeLessThan(TOLD_WITHIN_MS);
    }
    const health = await ask('/health/');
    expect(health).toMatchObject({ status: 503 });
    expect(health.took).toBeLessThan(TOLD_WITHIN_MS);
    proxy.goOn();
    expect(await ask(tenant)).toMatchObject({ status: 200 });
  });
});

describe('a listener', ATTEMPTS, () => {
  const OPTIONS = { heartbeat: 100, within: 200 };
  const CHANNEL = CHANNELS.dueImports;

  async function listening() {
    const heard: string[] = [];
    const listener = new Listener({ ...proxy.settings, answersWithin: WITHIN }, OPTIONS);
    listener.on(CHANNEL, (payload) => heard.push(payload));
    await listener.start();
    closing.push(() => listener.close());
    expect(listener.healthy).toBe(true);
    return { listener, heard };
  }

  const until = async (healthy: boolean, { healthy: now }: { healthy: () => boolean }) => {
    const begun = performance.now();
    while (now() !== healthy && performance.now() - begun < 2 * TOLD_WITHIN_MS) await sleep(10);
    return performance.now() - begun;
  };

  it('says within seconds that it hears nothing any more, and connects anew', async () => {
    const { listener, heard } = await listening();
    proxy.stallOpen();
    const watched = { healthy: () => listener.healthy };
    expect(await until(false, watched)).toBeLessThan(TOLD_WITHIN_MS);
    expect(await until(true, watched)).toBeLessThan(TOLD_WITHIN_MS);
    expect(heard).toEqual(['', '']); // notices sent meanwhile are lost, and everybody is informed of that
    await withOwner(databases.app, (client) => client.query(`NOTIFY ${CHANNEL}, 'again'`));
    await sleep(100);
    expect(heard).toEqual(['', '', 'again']);
  });

  it('goes on trying while nothing answers, and is closed within seconds', async () => {
    const { listener } = await listening();
    proxy.stall();
    await until(false, { healthy: () => listener.healthy });
    const { made } = proxy;
    await sleep(2_500);
    expect(proxy.made).toBeGreaterThan(made);
    const begun = performance.now();
    await listener.close();
    expect(performance.now() - begun).toBeLessThan(TOLD_WITHIN_MS);
  });
});
