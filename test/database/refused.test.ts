import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Database } from '../../src/database/database.js';
import { databaseFailure } from '../../src/database/errors.js';
import { statement } from '../../src/database/statement.js';
import { tryPort } from '../../src/platform/try-port.js';
import { type TestDatabase, testDatabase } from '../helpers/database.js';

// A pooler that is restarted: its port is closed for a moment, and its connections with it.

const ONE = statement<{ n: number }>('SELECT 1 AS n');

let databases: TestDatabase;
let database: Database;
let port: number;
let server: Server | undefined;
const sockets = new Set<Socket>();

beforeAll(async () => {
  databases = await testDatabase();
  port = await tryPort('127.0.0.1', 0);
  database = new Database({ ...databases.app, port }, { size: 2 });
});
afterAll(async () => {
  await database?.close();
  await close();
  await databases?.drop();
});

async function open(): Promise<void> {
  server = createServer((near) => {
    const far = connect(databases.app.port, databases.app.host);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.on('error', () => undefined);
      one.on('close', () => other.destroy());
      one.pipe(other);
    }
  });
  await new Promise<void>((resolve) => server?.listen(port, '127.0.0.1', resolve));
}

async function close(): Promise<void> {
  const closed = new Promise((resolve) => server?.close(resolve) ?? resolve(null));
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  await closed;
  server = undefined;
}

const failing = async () => {
  const begun = performance.now();
  const error = await database.publicQuery(ONE).catch((failure: unknown) => failure);
  expect(databaseFailure(error)).toEqual({ kind: 'unavailable' });
  return performance.now() - begun;
};

test('requests wait for a pooler that is back within a moment, but not for one that stays away', {
  retry: 2,
}, async () => {
  await open();
  await database.publicQuery(ONE);
  await close();
  await expect.poll(() => database.load.open).toBe(0);
  const waiting = [database.publicQuery(ONE), database.publicQuery(ONE)];
  setTimeout(() => void open(), 300);
  for (const rows of await Promise.all(waiting)) expect(rows).toEqual([{ n: 1 }]);

  await close();
  await expect.poll(() => database.load.open).toBe(0);
  expect(await failing()).toBeGreaterThan(900);
  const later = [await failing(), await failing(), await failing()];
  expect(Math.min(...later)).toBeLessThan(400);
  await open();
  expect(await database.publicQuery(ONE)).toEqual([{ n: 1 }]);
});
