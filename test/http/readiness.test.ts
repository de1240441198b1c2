import { chownSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/config.js';
import { withOwner } from '../../src/database/owner.js';
import { Lifecycle } from '../../src/platform/lifecycle.js';
import { periodicCheck, type UnreadyReason } from '../../src/routing/readiness.js';
import { startTestApp, type TestApp } from '../helpers/app.js';
import { type SmallDisk, smallDisk } from '../helpers/small-disk.js';
import { startTcpProxy, type TcpProxy } from '../helpers/tcp-proxy.js';

const AT_ONCE = { keptFor: 0, failureKeptFor: 0 };
const READY = { status: 'ready', reasons: [] };
const disk = smallDisk(8);

let app: TestApp;
let lifecycle: Lifecycle;
let proxy: TcpProxy;
beforeAll(async () => {
  lifecycle = new Lifecycle();
  app = await startTestApp({
    environment: { ALLOWED_HOSTS: 'main.localhost', USE_HTTPS: 'true' },
    lifecycle,
    writeChecks: AT_ONCE,
  });
  proxy = await startTcpProxy(app.databases.app);
});
afterEach(() => {
  lifecycle.running();
});
afterAll(async () => {
  await proxy?.close();
  await app?.close();
  disk?.remove();
});

const ready = async (asked: TestApp = app) => {
  const { status, body } = await asked.ask('GET', '/health/ready', { host: 'any.host.at.all' });
  return [status, body.status, ...body.reasons.map(({ code }: UnreadyReason) => code)];
};
const asAdmin = (...statements: string[]) =>
  withOwner({ ...app.databases.admin, database: app.databases.app.database }, async (client) => {
    for (const statement of statements) await client.query(statement);
  });

test('while it starts it is alive but not ready, and tells the step and its progress', async () => {
  lifecycle.starting({ text: 'creating the database' });
  const { status, body } = await app.ask('GET', '/health/ready');
  expect([status, body]).toEqual([
    503,
    { status: 'not ready', reasons: [{ code: 'starting', detail: 'creating the database' }] },
  ]);
  lifecycle.starting({ text: 'migrating the database', done: 3, total: 120 });
  expect((await app.ask('GET', '/health/ready')).body.reasons).toEqual([
    { code: 'migrating', detail: 'migrating the database: 3 of 120', done: 3, total: 120 },
  ]);
  expect((await app.ask('GET', '/health/live')).status).toBe(200);
});

test('once it runs both answer on any host, by http too, without log-in', async () => {
  for (const host of ['main.localhost', 'nobody.example.com', '10.0.0.7:8000', '[::1]', 'a..b']) {
    const live = await app.ask('GET', '/health/live', { headers: { host } });
    expect([live.status, live.body, live.headers['cache-control']]).toEqual([
      200,
      { status: 'alive' },
      'no-store',
    ]);
    const { status, body } = await app.ask('GET', '/health/ready?x=1', { headers: { host }, token: 'none' });
    expect([status, body]).toEqual([200, READY]);
  }
  expect((await app.ask('HEAD', '/health/ready')).status).toBe(200);
  expect((await app.ask('POST', '/health/ready')).status).toBe(405);
});

test('a tenant that is out of order does not matter', async () => {
  await asAdmin('ALTER SCHEMA tenant_main RENAME TO elsewhere');
  try {
    await expect
      .poll(
        async () =>
          (await app.ask('GET', '/api/public/tenant-info/', { headers: { 'x-forwarded-proto': 'https' } }))
            .status,
      )
      .not.toBe(200);
    expect(await ready()).toEqual([200, 'ready']);
  } finally {
    await asAdmin('ALTER SCHEMA elsewhere RENAME TO tenant_main');
  }
});

test('a shared schema that is older than the program needs is not ready, until it is migrated', async () => {
  const newest = `scope = 'shared' AND number = (SELECT max(number) FROM public.migration_ledger WHERE scope = 'shared')`;
  await asAdmin(
    `CREATE TABLE public.kept AS SELECT * FROM public.migration_ledger WHERE ${newest}`,
    `DELETE FROM public.migration_ledger WHERE ${newest}`,
  );
  await expect.poll(ready).toEqual([503, 'not ready', 'schema_outdated']);
  await asAdmin('INSERT INTO public.migration_ledger SELECT * FROM public.kept', 'DROP TABLE public.kept');
  await expect.poll(ready).toEqual([200, 'ready']);
});

test('without its database it is alive but not ready, also where the database only falls silent', async () => {
  const settings = { ...proxy.settings, answersWithin: 500 };
  // The attempt to write is late before the reading fails.
  const writeChecks = { ...AT_ONCE, within: 100 };
  const other = await startTestApp({ sharing: app, connectAs: settings, deaf: true, lifecycle, writeChecks });
  try {
    await expect.poll(() => ready(other)).toEqual([200, 'ready']);
    proxy.stall();
    await expect.poll(() => ready(other)).toEqual([503, 'not ready', 'database_unavailable']);
    expect((await other.ask('GET', '/health/live')).status).toBe(200);
    proxy.goOn();
    await expect.poll(() => ready(other)).toEqual([200, 'ready']);
  } finally {
    await other.close();
  }
});

describe.skipIf(disk === null)('a database whose disk is full', () => {
  const room = disk as SmallDisk;

  test('is not ready although it can be read, and is ready again when there is room', async () => {
    const space = join(room.path, 'space');
    const { admin, app: program } = app.databases;
    await withOwner(admin, async (client) => {
      const { rows } = await client.query<{ folder: string }>(
        "SELECT current_setting('data_directory') AS folder",
      );
      const { uid, gid } = statSync(rows[0]!.folder);
      mkdirSync(space, { mode: 0o700 });
      chownSync(space, uid, gid);
    });
    const name = `ready_${process.pid}`;
    await asAdmin(
      `CREATE TABLESPACE ${name} LOCATION '${space}'`,
      `GRANT CREATE ON TABLESPACE ${name} TO ${program.user}`,
      `ALTER DATABASE ${program.database} SET temp_tablespaces = '${name}'`,
    );
    const other = await startTestApp({ sharing: app, writeChecks: AT_ONCE, lifecycle });
    try {
      expect(await ready(other)).toEqual([200, 'ready']);
      room.fill();
      expect(await ready(other)).toEqual([503, 'not ready', 'writes_failing']);
      const { body } = await other.ask('GET', '/health/ready');
      expect(body.reasons[0].detail).toBe('the database has no room left on its disk');
      expect((await other.ask('GET', '/health/')).status).toBe(200);
      room.empty();
      expect(await ready(other)).toEqual([200, 'ready']);
    } finally {
      await other.close();
      await asAdmin(`ALTER DATABASE ${program.database} RESET temp_tablespaces`);
      // Sessions that still use the tablespace keep it.
      await expect
        .poll(() =>
          asAdmin(`DROP TABLESPACE ${name}`).then(
            () => true,
            () => false,
          ),
        )
        .toBe(true);
    }
  });
});

describe('a periodic check', () => {
  const late: UnreadyReason = { code: 'writes_failing', detail: 'late' };
  const failed: UnreadyReason = { code: 'writes_failing', detail: 'failed' };

  test('runs once per period however many ask, and only when asked', async () => {
    let runs = 0;
    const check = periodicCheck(
      async () => {
        runs++;
        return null;
      },
      late,
      { keptFor: 60_000, failureKeptFor: 0, within: 1_000 },
    );
    expect(runs).toBe(0);
    await Promise.all(Array.from({ length: 50 }, check));
    await check();
    expect(runs).toBe(1);
  });

  test('that hangs counts as failed in time, is not repeated, and what it finds in the end counts', async () => {
    let end: (reason: UnreadyReason | null) => void = () => undefined;
    let runs = 0;
    const check = periodicCheck(
      () => {
        runs++;
        return new Promise((resolve) => {
          end = resolve;
        });
      },
      late,
      { keptFor: 60_000, failureKeptFor: 60_000, within: 20 },
    );
    expect(await check()).toEqual(late);
    expect(await check()).toEqual(late);
    expect(runs).toBe(1);
    end(failed);
    await expect.poll(check).toEqual(failed);
    expect(runs).toBe(1);
  });
});

test('draining is not ready, and stays so', async () => {
  lifecycle.draining();
  lifecycle.running();
  expect(await ready()).toEqual([503, 'not ready', 'draining']);
});

test('settings of listening and stopping', () => {
  const of = (environment: Record<string, string>) =>
    loadConfig({ DEBUG: 'true', SECRET_KEY: 'x', ...environment }, '/nowhere').listen;
  expect(of({})).toEqual({
    target: { kind: 'tcp', host: '127.0.0.1', port: 8000 },
    drain: 0,
    finish: 20,
  });
  expect(of({ HOST: 'unix:/run/leopard/api.sock', SOCKET_MODE: '666' }).target).toEqual({
    kind: 'unix',
    path: '/run/leopard/api.sock',
    mode: 0o666,
  });
  expect(of({ LISTEN_FDS: '1', LISTEN_PID: String(process.pid) }).target).toEqual({
    kind: 'passed',
    descriptor: 3,
    count: 1,
  });
  expect(of({ LISTEN_FDS: '1', LISTEN_PID: '1' }).target.kind).toBe('tcp');
  expect(() => of({ LISTEN_FDS: '2', LISTEN_PID: String(process.pid) })).toThrow(
    /^LISTEN_FDS must be 1, not 2/,
  );
  expect(() => of({ HOST: 'unix:run/api.sock' })).toThrow(
    /^HOST must name a socket file by its absolute path/,
  );
  expect(() => of({ HOST: `unix:/${'x'.repeat(120)}` })).toThrow(/^HOST must name/);
  expect(() => of({ HOST: 'unix:/run/api.sock', SOCKET_MODE: 'rw' })).toThrow(/^SOCKET_MODE must be/);
});
