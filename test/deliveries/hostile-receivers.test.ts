import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { readFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, describe, expect, it } from 'vitest';
import { dnsLookup } from '../../src/deliveries/name-lookup.js';
import { sendWebhook, type WebhookOptions } from '../../src/deliveries/webhook.js';
import { PACKAGE_ROOT } from '../../src/platform/package-root.js';
import { CERTIFICATE, PRIVATE_KEY } from './certificate.js';

// Receivers made of bare sockets, which do what no HTTP server would. Whatever they do, an attempt ends within its
// time, says why, and leaves no connection behind.

const WITHIN_MS = 400;
/** Time limit for attempts that the other side ends, however slow the machine is. */
const LONG_MS = 10_000;
/** Tolerance for timers on a loaded machine. */
const SLACK_MS = 1_500;

const open: { server: Server; sockets: Set<Socket> }[] = [];

afterAll(async () => {
  for (const { server, sockets } of open.splice(0)) {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
});

/** Listens with a server of bare sockets. @returns its port and the sockets that are open */
async function listen(
  receive: (socket: Socket) => void,
  { tls = false, host = '127.0.0.1' } = {},
): Promise<{ port: number; sockets: Set<Socket> }> {
  const sockets = new Set<Socket>();
  const met = (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
    receive(socket);
  };
  const server: Server = tls
    ? createTlsServer({ key: PRIVATE_KEY, cert: CERTIFICATE }, met)
    : createServer(met);
  open.push({ server, sockets });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return { port: (server.address() as AddressInfo).port, sockets };
}

const message = (url: string) => ({
  url,
  secrets: ['whsec_test'],
  eventType: 'Client.CREATE',
  body: '{"id": "one"}',
  idempotencyKey: 'one',
});

async function attempt(url: string, options: Partial<WebhookOptions> = {}) {
  const ports = [Number(new URL(url).port)];
  const policy = { allowPrivate: true, ports, extraCa: CERTIFICATE };
  const begun = Date.now();
  const outcome = await sendWebhook(message(url), { policy, withinMs: WITHIN_MS, ...options });
  return { ...outcome, took: Date.now() - begun };
}

/** Sends a text again and again until the other side closes. */
function repeat(socket: Socket, text: string, everyMs: number): void {
  const timer = setInterval(() => socket.write(text), everyMs);
  socket.on('close', () => clearInterval(timer));
}

const onRequest = (answer: (socket: Socket) => void) => (socket: Socket) =>
  void socket.once('data', () => answer(socket));

const LATE = 'no answer within 0.4 s';

// A busy machine may hold up one attempt; what is left too late, is so each time.
describe.each([false, true])('over TLS: %s,', { retry: 2 }, (tls) => {
  it.each<[string, (socket: Socket) => void, string]>([
    ['says nothing', () => undefined, LATE],
    [
      'switches protocols',
      (socket) =>
        socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n'),
      'the receiver answered 101 Switching Protocols',
    ],
    [
      'switches protocols to none',
      (socket) => socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n'),
      'the receiver answered 101 Switching Protocols',
    ],
    [
      'gives provisional answers without end',
      (socket) => repeat(socket, 'HTTP/1.1 102 Processing\r\n\r\n', 5),
      'the receiver gave too many provisional answers',
    ],
    [
      'gives provisional answers slowly',
      (socket) => repeat(socket, 'HTTP/1.1 103 Early Hints\r\n\r\n', 100),
      LATE,
    ],
    [
      'trickles its headers',
      (socket) => {
        socket.write('HTTP/1.1 200 OK\r\n');
        repeat(socket, 'x-a: b\r\n', 50);
      },
      LATE,
    ],
    [
      'sends headers without end',
      (socket) => {
        socket.write('HTTP/1.1 200 OK\r\n');
        repeat(socket, `x-a: ${'b'.repeat(4000)}\r\n`, 1);
      },
      'Headers Overflow Error',
    ],
    [
      'trickles its body',
      (socket) => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n');
        repeat(socket, 'x', 50);
      },
      LATE,
    ],
    [
      'never ends its body',
      (socket) => socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n'),
      LATE,
    ],
    ['hangs up', (socket) => socket.destroy(), 'other side closed'],
    [
      'hangs up within its answer',
      (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx'),
      'other side closed',
    ],
    ['speaks something else', (socket) => socket.end('220 mail.example ESMTP\r\n'), 'Expected HTTP/'],
  ])('a receiver that %s is left in time', async (_, answer, error) => {
    const { port, sockets } = await listen(onRequest(answer), { tls });
    const withinMs = error === LATE ? WITHIN_MS : LONG_MS;
    const outcome = await attempt(`${tls ? 'https' : 'http'}://localhost:${port}/`, { withinMs });
    expect(outcome).toMatchObject({ sent: false, error: expect.stringContaining(error) });
    expect(outcome.took).toBeLessThan(withinMs + SLACK_MS);
    await expect.poll(() => sockets.size).toBe(0);
  });
});

it('a handshake that stands still is left in time', { retry: 2 }, async () => {
  const { port, sockets } = await listen((socket) => void socket.resume());
  const outcome = await attempt(`https://localhost:${port}/`);
  expect(outcome).toMatchObject({ sent: false, error: LATE });
  expect(outcome.took).toBeLessThan(WITHIN_MS + SLACK_MS);
  await expect.poll(() => sockets.size).toBe(0);
});

describe('names', { retry: 2 }, () => {
  it('that are looked up without end do not hold an attempt, or the threads that others need', async () => {
    const server = createSocket('udp4');
    await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve));
    try {
      const resolve = dnsLookup([`127.0.0.1:${server.address().port}`]);
      const policy = { allowPrivate: false, ports: [443], extraCa: null };
      const options = { policy, resolve, withinMs: WITHIN_MS };
      const begun = Date.now();
      let ended = 0;
      const attempts = Array.from({ length: 12 }, (_, n) =>
        sendWebhook(message(`https://silent${n}.example/`), options).finally(() => ended++),
      );
      await sleep(50);
      await readFile(join(PACKAGE_ROOT, 'package.json'));
      expect(ended).toBe(0);
      const outcomes = await Promise.all(attempts);
      expect(Date.now() - begun).toBeLessThan(WITHIN_MS + SLACK_MS);
      expect(new Set(outcomes.map(({ error }) => error))).toEqual(new Set([LATE]));
    } finally {
      server.close();
    }
  });

  it('with several addresses reach the one that answers, within the same time', async () => {
    const { port } = await listen(
      onRequest((socket) => socket.end('HTTP/1.1 204 No Content\r\n\r\n')),
      { tls: true },
    );
    // Nobody listens at the first; the second is no network address at all.
    const addresses = ['127.0.0.2', '0.0.0.1', '127.0.0.1'].map((address) => ({ address, family: 4 }));
    const outcome = await attempt(`https://receiver.test:${port}/`, {
      resolve: async () => addresses,
      withinMs: LONG_MS,
    });
    expect(outcome).toMatchObject({ sent: true, statusCode: 204 });
  });

  it('with several addresses of which none answers tell of each', async () => {
    const addresses = ['127.0.0.2', '127.0.0.3'].map((address) => ({ address, family: 4 }));
    const outcome = await attempt('https://receiver.test:1/', {
      resolve: async () => addresses,
      withinMs: LONG_MS,
    });
    expect(outcome.error).toMatch(/ECONNREFUSED 127\.0\.0\.2:1; .*ECONNREFUSED 127\.0\.0\.3:1/);
  });
});

it('IPv6 addresses are posted to as written', async () => {
  const { port } = await listen(
    onRequest((socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')),
    { host: '::1' },
  );
  expect(await attempt(`http://[::1]:${port}/`, { withinMs: LONG_MS })).toMatchObject({ sent: true });
});

const hasNamespaces = spawnSync('unshare', ['-rn', 'true']).status === 0;
if (!hasNamespaces)
  console.warn('not shown here: addresses without a route, since no network namespace can be made');

it.skipIf(!hasNamespaces)('an address without a route fails the attempt, and not the process', () => {
  const child = spawnSync(
    'unshare',
    ['-rn', process.execPath, '--import', 'tsx', join(PACKAGE_ROOT, 'test/deliveries/unroutable.ts')],
    { encoding: 'utf8', cwd: PACKAGE_ROOT },
  );
  expect([child.status, child.stderr]).toEqual([0, '']);
  const errors = JSON.parse(child.stdout) as string[];
  expect(errors).toHaveLength(4);
  for (const error of errors) expect(error).toMatch(/ENETUNREACH/);
});
