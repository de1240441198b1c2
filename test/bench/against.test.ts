import { execFile } from 'node:child_process';
import { createServer, type Server as HttpServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openOther, type Server } from '../../bench/against.js';
import { Child } from '../../bench/child.js';
import { compare, comparisonTable, dataLine } from '../../bench/comparison.js';
import { HttpConnection, requestBytes } from '../../bench/http-connection.js';
import type { LoadCalls } from '../../bench/load-process.js';
import { readOptions } from '../../bench/options.js';
import { PACKAGE_ROOT } from '../../src/platform/package-root.js';
import { PASSWORD, startTestApp, type TestApp } from '../helpers/app.js';
import { seedStaff } from '../helpers/staff.js';

// `npm run bench -- --against`: this program beside a second instance of it, in place of another system.

const ALL = new Set(['list', 'search', 'client', 'tasks', 'unread', 'health', 'login', 'create']);
const HOST = 'main.localhost';

let here: TestApp;
let other: TestApp;
beforeAll(async () => {
  here = await instance(3);
  other = await instance(2);
});
afterAll(async () => {
  await here?.close();
  await other?.close();
});

async function instance(clients: number): Promise<TestApp> {
  const app = await startTestApp({ environment: { CONNECTIONS_PER_ADDRESS: '0' } });
  await seedStaff(app);
  const token = await app.logIn('admin');
  for (let n = 0; n < clients; n++) {
    const body = { first_name: `C${n}`, last_name: 'Rai', gender: 'FEMALE', country: 'NP' };
    expect((await app.ask('POST', '/api/v1/clients/', { token, body })).status).toBe(201);
  }
  return app;
}

const opened = (app: TestApp, only: ReadonlySet<string> = ALL) =>
  openOther(
    {
      url: new URL(app.base),
      host: HOST,
      token: undefined,
      user: { username: 'admin', password: PASSWORD },
    },
    only,
  );

test('two servers are measured in turn, with the least, the median and the most of the ratios', async () => {
  const [ours, theirs]: Server[] = [await opened(here), await opened(other)];
  expect([ours!.counts.clients, theirs!.counts.clients]).toEqual([3, 2]); // before one was created on each
  expect(ours!.cases.map(({ name }) => name)).toEqual([...ALL]);
  const measured = theirs!.cases.filter(({ name }) => ['list', 'login', 'create'].includes(name));
  const load = new Child<LoadCalls>('load-process.ts');
  const said: string[] = [];
  try {
    const found = await compare(
      load,
      ours!,
      { ...theirs!, cases: measured },
      {
        connections: [2],
        rounds: 2,
        seconds: 0.05,
        say: (line) => void said.push(line),
      },
    );
    expect(found.map(({ name }) => name)).toEqual(['list', 'login', 'create']);
    for (const { here, other, times } of found) {
      expect(Math.min(here.perSecond, other.perSecond, here.p50, other.p50)).toBeGreaterThan(0);
      expect(times.least).toBeLessThanOrEqual(times.median);
      expect(times.median).toBeLessThanOrEqual(times.most);
    }
    const table = comparisonTable(found, other.base);
    expect(table.rows).toHaveLength(3);
    for (const row of table.rows) expect(row).toHaveLength(table.head.length);
    expect(said.filter((line) => line.startsWith('round 2 of 2'))).toHaveLength(3);
    expect(dataLine(ours!.counts, theirs!.counts)).toMatch(
      /^Data here: 3 clients, 0 tasks.*there: 2 clients/,
    );
    const { body } = await other.ask('GET', '/api/v1/clients/', { token: await other.logIn('admin') });
    expect(body.count).toBeGreaterThan(3); // those that were created were measured there, too
  } finally {
    await load.stop();
  }
});

test('log-in is left out with a token alone', async () => {
  const token = await other.logIn('admin');
  const { cases } = await openOther({ url: new URL(other.base), host: HOST, token, user: undefined }, ALL);
  expect(cases.map(({ name }) => name)).toEqual([...ALL].filter((name) => name !== 'login'));
});

describe('what cannot be measured is refused in one line, before anything is started', () => {
  test('by the command', async () => {
    const bench = join(PACKAGE_ROOT, 'bench/main.ts');
    const args = ['--import', 'tsx', bench, '--against', other.base, '--token', 'wrong'];
    const { code, stdout, stderr } = await promisify(execFile)(process.execPath, args).catch(
      (error) => error,
    );
    expect([code, stdout, stderr]).toEqual([
      1,
      '',
      `${other.base}: GET /api/v1/clients/ is answered with status 401, not 200; is the token, or the password, right?\n`,
    ]);
  });

  test('by its options', () => {
    for (const [args, said] of [
      [['--token', 'x'], /^--against is missing/],
      [['--against', 'http://a:1'], /^--against needs --token, or --against-user with --against-password$/],
      [['--against', 'http://a:1', '--against-user', 'u'], /^--against needs --token/],
      [['--against', 'https://a', '--token', 'x'], /like http:\/\/localhost:8000, not "https:\/\/a"$/],
      [['--against', 'http://a/api/', '--token', 'x'], /not "http:\/\/a\/api\/"$/],
      [['--against', 'a:1', '--token', 'x'], /not "a:1"$/],
    ] as const)
      expect(() => readOptions([...args])).toThrow(said);
    const { against } = readOptions(['--against', 'http://a:1/', '--token', 'x', '--against-host', 'b.a']);
    expect(against).toMatchObject({ host: 'b.a', token: 'x', user: undefined, url: { port: '1' } });
  });

  test('where nothing listens, another agency is meant, or nothing is left', async () => {
    const user = { username: 'admin', password: PASSWORD };
    const at = (url: string, host = HOST) => openOther({ url: new URL(url), host, token: 'x', user }, ALL);
    await expect(at('http://127.0.0.1:1')).rejects.toThrow(
      /^http:\/\/127\.0\.0\.1:1: GET \/api\/v1\/clients\/ fails: ECONNREFUSED$/,
    );
    await expect(at(other.base, 'nobody.localhost')).rejects.toThrow(/is answered with status 404, not 200$/);
    await expect(opened(other, new Set(['start']))).rejects.toThrow(/nothing that --only names/);
  });
});

describe('answers of other servers', () => {
  /** What the server writes for each path, byte for byte. */
  const ANSWERS: Readonly<Record<string, string>> = {
    '/length': 'HTTP/1.1 201 Created\r\nContent-Length: 3\r\n\r\nabc',
    '/chunks':
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n',
    '/empty': 'HTTP/1.1 204 No Content\r\n\r\n',
    '/closes': 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\na',
    '/until-the-end': 'HTTP/1.0 404 Not Found\r\n\r\nabc',
  };
  const servers: { close(): unknown }[] = [];
  afterAll(() => {
    for (const server of servers) server.close();
  });

  /** Starts a server that writes these answers in pieces of this many bytes. */
  async function odd(size: number): Promise<number> {
    const server = createTcpServer((socket) => {
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('data', async (request) => {
        const [, path = ''] = String(request).split(' ');
        const answer = ANSWERS[path] ?? '';
        for (let at = 0; at < answer.length; at += size) {
          socket.write(answer.slice(at, at + size));
          await new Promise((resolve) => setImmediate(resolve));
        }
        if (/close|HTTP\/1\.0/.test(answer)) socket.end();
      });
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  }

  test.each([1, 7, 10_000])('are read however they are sent, in pieces of %d bytes', async (size) => {
    const connection = await HttpConnection.open(await odd(size));
    const paths = Object.keys(ANSWERS);
    const statuses: number[] = [];
    for (const path of [...paths, ...paths])
      statuses.push(await connection.ask(requestBytes({ method: 'GET', path, headers: { host: 'x' } })));
    connection.close();
    expect(statuses).toEqual([201, 200, 204, 200, 404, 201, 200, 204, 200, 404]);
  });

  test('a server that gives the connection up fails the request', async () => {
    const server: HttpServer = createServer((request) => request.socket.destroy());
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const connection = await HttpConnection.open((server.address() as AddressInfo).port);
    const asked = connection.ask(requestBytes({ method: 'GET', path: '/', headers: { host: 'x' } }));
    await expect(asked).rejects.toThrow('the server closed the connection');
  });
});
