import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../helpers/app.js';

const TIMES = { head: 400, request: 800, idle: 600, silence: 1_500, checkEvery: 100 };
const HEALTH = 'GET /health/ HTTP/1.1\r\nHost: main.localhost\r\n\r\n';
const INFO = 'GET /api/public/tenant-info/ HTTP/1.1\r\nHost: main.localhost\r\n\r\n';

let app: TestApp;
const opened: Socket[] = [];

beforeAll(async () => {
  app = await startTestApp({ times: TIMES, environment: { CONNECTIONS_PER_ADDRESS: '10' } });
});
afterEach(() => {
  for (const socket of opened.splice(0)) socket.destroy();
});
afterAll(() => app?.close());

/** Opens a connection and sends this; `closed` resolves with everything the server said and after how long. */
function open(text = '') {
  const begun = performance.now();
  const socket = connect(Number(new URL(app.base).port), '127.0.0.1', () => socket.write(text));
  opened.push(socket);
  let said = '';
  socket.on('data', (chunk) => {
    said += chunk;
  });
  socket.on('error', () => undefined);
  const closed = new Promise<{ said: string; after: number }>((resolve) =>
    socket.on('close', () => resolve({ said, after: performance.now() - begun })),
  );
  return { socket, closed, answers: () => said.split('HTTP/1.1 ').length - 1 };
}

describe('a connection is given up', () => {
  test.each([
    ['on which nothing is sent', ''],
    ['whose head does not end', 'GET /health/ HTTP/1.1\r\nHost: main.localhost\r\nX: '],
  ])('%s', async (_which, text) => {
    const { after } = await open(text).closed;
    expect(after).toBeGreaterThanOrEqual(TIMES.head - 50);
    expect(after).toBeLessThan(5_000);
  });

  test('whose body comes a byte at a time', async () => {
    const head = 'POST /api/token/ HTTP/1.1\r\nHost: main.localhost\r\nContent-Type: application/json\r\n';
    const { socket, closed } = open(`${head}Content-Length: 16000\r\n\r\n{`);
    const dripping = setInterval(() => socket.write(' '), 50);
    const { said, after } = await closed;
    clearInterval(dripping);
    expect(said).toMatch(/^(HTTP\/1\.1 408 |$)/);
    expect(after).toBeGreaterThanOrEqual(TIMES.request - 50);
    expect(after).toBeLessThan(5_000);
  });

  test('that is idle after a request', async () => {
    const { said, after } = await open(HEALTH).closed;
    expect(said).toMatch(/^HTTP\/1\.1 200 /);
    expect(after).toBeGreaterThanOrEqual(TIMES.idle - 50);
  });
});

test('of one address no more than the limit are open, and a place comes free with each that ends', async () => {
  const kept = Array.from({ length: 10 }, () => open(HEALTH));
  await expect.poll(() => kept.every(({ answers }) => answers() === 1)).toBe(true);
  const { said } = await open().closed;
  expect(said).toMatch(/^HTTP\/1\.1 429 Too Many Requests\r\n.*Retry-After: 10\r\n/s);
  const [, body = ''] = said.split('\r\n\r\n');
  expect(JSON.parse(body)).toEqual({ detail: 'There are too many connections from this address.' });
  kept[0]?.socket.destroy();
  await kept[0]?.closed;
  await expect
    .poll(
      async () => (await open(`${HEALTH}`.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n')).closed).said,
    )
    .toMatch(/ 200 /);
});

describe('requests that are sent ahead of answers', () => {
  test('are answered in order while they are few', async () => {
    const { answers } = open(INFO.repeat(5));
    await expect.poll(answers).toBe(5);
  });

  test('cost the connection where they are many, and nobody else anything', async () => {
    const { said, after } = await open(INFO.repeat(5_000)).closed;
    expect(said.split('HTTP/1.1 ').length).toBeLessThan(50);
    expect(after).toBeLessThan(5_000);
    expect((await app.ask('GET', '/health/')).status).toBe(200);
  });
});
