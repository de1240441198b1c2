import { gzipSync } from 'node:zlib';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { ApiError } from '../src/index.js';
import { type Client, dataOf, errorOf } from './agency.js';
import {
  ACCESS,
  believer,
  closeServers,
  type Handler,
  json,
  pour,
  serve,
  serveSocket,
} from './hostile-server.js';
import { type LeopardClientModule, loadPackage } from './packed.js';

let library: LeopardClientModule;
beforeAll(async () => {
  library = await loadPackage();
}, 240_000);
afterEach(closeServers);

const clientOf = (baseUrl: string, options: object = {}) => believer(library, baseUrl, options);
const info = (client: Client, options = {}) => client.get('/api/public/tenant-info/', options);
const list = (client: Client) => client.get('/api/v1/clients/');

describe('answers without an end', () => {
  test('a body is read up to its bound, and the connection closed', async () => {
    let isClosed = false;
    const { url } = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.on('close', () => {
        isClosed = true;
      });
      pour(response, ' '.repeat(65_536));
    });
    const error = errorOf(await info(clientOf(url, { mostBytes: 1_000_000 })));
    expect(error).toMatchObject({ kind: 'unexpected', reason: 'too_large' });
    await expect.poll(() => isClosed).toBe(true);
    const failed = await serve((_request, response) => {
      response.writeHead(400, { 'content-type': 'application/json' });
      pour(response, '['.repeat(65_536));
    });
    expect(errorOf(await info(clientOf(failed.url)))).toMatchObject({ kind: 'unexpected', status: 400 });
  });

  test('a small one that unfolds', async () => {
    const bomb = gzipSync(Buffer.alloc(100 * 1024 * 1024, ' '));
    const { url } = await serve((_request, response) =>
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end(bomb),
    );
    const before = process.memoryUsage().rss;
    const error = errorOf(await info(clientOf(url, { mostBytes: 5_000_000 })));
    expect(error).toMatchObject({ kind: 'unexpected', reason: 'too_large' });
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 * 1024);
    const download = await clientOf(url).download('/api/v1/clients/export/', { mostBytes: 5_000_000 });
    expect(errorOf(download)).toMatchObject({ kind: 'unexpected', reason: 'too_large' });
  });

  test('a drop at a time, silence, and headers without an end: the deadline holds for all of it', async () => {
    const { url } = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const timer = setInterval(() => response.write(' '), 20);
      response.on('close', () => clearInterval(timer));
    });
    expect(errorOf(await info(clientOf(url), { timeoutMs: 300 }))).toMatchObject({
      kind: 'timeout',
      afterMs: 300,
    });
    const silent = await serve(() => undefined);
    expect(errorOf(await info(clientOf(silent.url), { timeoutMs: 200 })).kind).toBe('timeout');
    const headers = await serveSocket((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      pour(socket, `x-more: ${'x'.repeat(1_000)}\r\n`);
    });
    expect(['network', 'timeout']).toContain(
      errorOf(await info(clientOf(headers), { timeoutMs: 2_000 })).kind,
    );
    const aborted = new AbortController();
    setTimeout(() => aborted.abort(), 100);
    expect(errorOf(await info(clientOf(silent.url), { signal: aborted.signal })).kind).toBe('aborted');
  });
});

describe('answers that are not the API’s', () => {
  const html =
    (status: number): Handler =>
    (_request, response) =>
      response.writeHead(status, { 'content-type': 'text/html' }).end('<h1>Proxy</h1>');

  test.each<[string, Handler, Partial<Extract<ApiError, { status: number }>>]>([
    ['a page', html(200), { kind: 'unexpected', reason: 'media_type', status: 200 }],
    ['a page about an error', html(500), { kind: 'unexpected', reason: 'media_type', status: 500 }],
    ['a proxy whose service is away', html(502), { kind: 'unavailable', status: 502 }],
    ['a proxy’s own limit', html(429), { kind: 'throttled', retryAfter: null }],
    [
      'broken JSON',
      (_, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"a":'),
      { kind: 'unexpected', reason: 'not_json' },
    ],
    [
      'an error that is a list',
      (_, response) => json(response, ['x'], 400),
      { kind: 'unexpected', status: 400 },
    ],
    [
      'an error of another form',
      (_, response) => json(response, { a: 1 }, 400),
      { kind: 'unexpected', reason: 'form' },
    ],
    [
      'a challenge nobody knows',
      (_, response) => json(response, { detail: 'x', challenge: 'y', code: 'z' }, 401),
      { kind: 'detail', code: 'z' },
    ],
    [
      'endless words',
      (_, response) => json(response, { detail: 'x'.repeat(100_000) }, 400),
      { kind: 'detail', message: 'x'.repeat(2_000) },
    ],
    [
      'an error of the service',
      (_, response) => json(response, { detail: 'Internal server error.' }, 500),
      { kind: 'detail', status: 500 },
    ],
  ])('%s', async (_what, handler, expected) => {
    const { url } = await serve(handler);
    expect(errorOf(await info(clientOf(url)))).toMatchObject(expected);
  });

  test('messages nested without an end, and keys that mean something to JavaScript', async () => {
    const deep = `${'{"a":'.repeat(50_000)}["x"]${'}'.repeat(50_000)}`;
    const { url } = await serve((_request, response, count) =>
      response
        .writeHead(400, { 'content-type': 'application/json' })
        .end(count === 1 ? deep : '{"__proto__": ["x"], "constructor": ["y"]}'),
    );
    expect(errorOf(await info(clientOf(url)))).toMatchObject({ kind: 'unexpected' });
    const error = errorOf(await info(clientOf(url)));
    expect(error.kind === 'fields' && library.listMessages(error.fields)).toEqual([
      { path: '__proto__', message: 'x' },
      { path: 'constructor', message: 'y' },
    ]);
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });

  test('a connection that ends within the answer', async () => {
    const { url } = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' }).write('{"a"');
      setTimeout(() => response.destroy(), 20);
    });
    expect(errorOf(await info(clientOf(url))).kind).toBe('network');
  });

  test('a list whose pages lead elsewhere, or to nothing', async () => {
    const { url, seen } = await serve((_request, response, count) =>
      json(response, { next: 'http://127.0.0.9/', results: count < 3 ? [{ id: count }] : [] }),
    );
    const ids: number[] = [];
    for await (const row of clientOf(url).rows('/api/v1/clients/')) ids.push(row.id);
    expect(ids).toEqual([1, 2]);
    expect(seen).toEqual([1, 2, 3].map((page) => `GET /api/v1/clients/?page=${page} Bearer ${ACCESS}`));
    const other = await serve((_request, response) => json(response, null));
    for await (const page of clientOf(other.url).pages('/api/v1/clients/'))
      expect(errorOf(page)).toMatchObject({ kind: 'unexpected', reason: 'form' });
  });

  test('a file whose name is a path', async () => {
    const { url } = await serve((_request, response) =>
      response.writeHead(200, { 'content-disposition': 'attachment; filename="../../x"' }).end('x'),
    );
    const file = dataOf(await clientOf(url).download('/api/v1/clients/export/'));
    expect([file.filename, file.bytes]).toEqual([null, 1]);
    // A target is left neither open nor waited for.
    const ended: unknown[] = [];
    const failing = {
      write: () => Promise.reject(new Error('full')),
      abort: (reason: unknown) => void ended.push(reason),
    };
    const full = await clientOf(url).download('/api/v1/clients/export/', { to: new WritableStream(failing) });
    expect(errorOf(full)).toMatchObject({ kind: 'network', cause: { message: 'full' } });
    const hanging = { write: () => new Promise<void>(() => undefined) };
    const waits = await clientOf(url).download('/api/v1/clients/export/', {
      to: new WritableStream(hanging),
      timeoutMs: 200,
    });
    expect(errorOf(waits).kind).toBe('timeout');
    const to = new WritableStream({ abort: (reason) => void ended.push(reason) });
    expect(
      errorOf(await clientOf('http://127.0.0.1:9').download('/api/v1/clients/export/', { to })).kind,
    ).toBe('network');
    expect(ended).toEqual([expect.any(library.ApiFailure)]);
  });
});

test('a redirection is followed by nothing: neither token nor password goes elsewhere', async () => {
  const elsewhere = await serve((_request, response) => json(response, {}));
  const { url } = await serve((_request, response) =>
    response
      .writeHead(307, { location: `${elsewhere.url}/stolen`, 'content-type': 'text/event-stream' })
      .end(),
  );
  const client = clientOf(url);
  const file = new Blob(['a']);
  const results = await Promise.all([
    list(client),
    client.session.logIn({ username: 'a', password: 'secret' }),
    client.post('/api/v1/notes/', { body: { client: 1, content: 'x' } }),
    client.upload('/api/v1/client-imports/', { body: { file }, onProgress: () => undefined }),
    client.download('/api/v1/clients/export/'),
    client.downloadSigned('/media/x'),
  ]);
  for (const result of results)
    expect(errorOf(result)).toMatchObject({ kind: 'unexpected', reason: 'redirect' });
  const stream = client.stream();
  for await (const message of stream) throw new Error(message.type);
  expect(stream.error).toMatchObject({ kind: 'unexpected', reason: 'redirect' });
  expect(elsewhere.seen).toEqual([]);
});

describe('an exchange of tokens', () => {
  const refusing =
    (refreshed: Handler): Handler =>
    (request, response, count) =>
      request.url === '/api/token/refresh/'
        ? refreshed(request, response, count)
        : json(response, { detail: 'x', code: 'token_not_valid' }, 401);

  test.each<[string, Handler, ApiError['kind']]>([
    ['no tokens', (_, response) => json(response, {}), 'unexpected'],
    [
      'tokens that are lines',
      (_, response) => json(response, { access: 'a\r\nx: y', refresh: 'b' }),
      'unexpected',
    ],
    [
      'a proxy’s 401',
      (_, response) => response.writeHead(401, { 'content-type': 'text/html' }).end('x'),
      'unexpected',
    ],
    ['the service away', (_, response) => json(response, { detail: 'x' }, 503), 'unavailable'],
    ['too many', (_, response) => json(response, { detail: 'x' }, 429, { 'retry-after': '7' }), 'throttled'],
    ['a broken connection', (_, response) => void response.destroy(), 'network'],
  ])('that gives %s leaves the session as it is, and is tried once', async (_what, refreshed, kind) => {
    const { url, seen } = await serve(refusing(refreshed));
    const client = clientOf(url, { retries: 2 });
    expect(errorOf(await list(client)).kind).toBe(kind);
    expect(seen.filter((request) => request.includes('refresh'))).toHaveLength(1);
    expect(await client.session.user()).not.toBeNull();
  });

  test('that is refused ends it; one whose new token is refused too ends the call', async () => {
    const over = await serve(refusing((_request, response) => json(response, { detail: 'x' }, 401)));
    const client = clientOf(over.url);
    expect(errorOf(await list(client)).kind).toBe('signed_out');
    expect(await client.session.user()).toBeNull();
    const again = await serve(
      refusing((_request, response) => json(response, { access: `${ACCESS}2`, refresh: 'r2' })),
    );
    expect(errorOf(await list(clientOf(again.url)))).toMatchObject({ kind: 'detail', status: 401 });
    expect(again.seen).toHaveLength(3);
  });

  test('that does not answer holds up a call only as long as that call may take', async () => {
    const { url } = await serve(refusing(() => undefined));
    const client = clientOf(url, { timeoutMs: 200 });
    expect(errorOf(await list(client)).kind).toBe('timeout');
    const stop = AbortSignal.timeout(100);
    expect(errorOf(await client.get('/api/v1/clients/', { signal: stop, timeoutMs: 5_000 })).kind).toBe(
      'aborted',
    );
  });

  test('under a lock that nobody releases: likewise', async () => {
    const { url } = await serve(refusing((_request, response) => json(response, {})));
    const client = clientOf(url, { timeoutMs: 200, lock: () => new Promise(() => undefined) });
    expect(errorOf(await list(client)).kind).toBe('timeout');
    // Nobody stays signed in for that.
    await client.session.logOut();
    expect(await client.session.user()).toBeNull();
  });
});

describe('repetitions', () => {
  const busyOnce =
    (status: number, after: string): Handler =>
    (_request, response, count) =>
      count === 1
        ? json(response, { detail: 'busy' }, status, { 'retry-after': after })
        : json(response, { tenant_name: 'x' });

  test.each([
    [503, '0'],
    [429, '1'],
    [503, new Date(Date.now() + 500).toUTCString()],
  ])('%i with Retry-After %s: a read is sent again then', async (status, after) => {
    const { url, seen } = await serve(busyOnce(status, after));
    const begun = performance.now();
    dataOf(await info(clientOf(url, { retries: 2 })));
    expect(seen).toHaveLength(2);
    if (after === '1') expect(performance.now() - begun).toBeGreaterThan(900);
  });

  test('not when it would take too long, nor a change that may have been made, nor for ever', async () => {
    const later = await serve(busyOnce(429, '3600'));
    const error = errorOf(await info(clientOf(later.url, { retries: 2 })));
    expect(error).toMatchObject({ kind: 'throttled', retryAfter: 3600 });
    const deadline = await serve(busyOnce(503, '2'));
    expect(errorOf(await info(clientOf(deadline.url, { retries: 2, timeoutMs: 1_000 }))).kind).toBe(
      'unavailable',
    );
    const change = await serve(busyOnce(503, '0'));
    const body = { client: 1, content: 'x' };
    const changed = await clientOf(change.url, { retries: 2 }).post('/api/v1/notes/', { body });
    expect(errorOf(changed).kind).toBe('unavailable');
    const always = await serve((_request, response) => void response.destroy());
    expect(errorOf(await info(clientOf(always.url, { retries: 2 }))).kind).toBe('network');
    expect([later, deadline, change, always].map(({ seen }) => seen.length)).toEqual([1, 1, 1, 3]);
  });

  test('a connection that a server closed while it was idle harms no read', async () => {
    const { url } = await serve((request, response, count) => {
      if (count === 2) request.socket.destroy();
      else json(response, { tenant_name: 'x' });
    });
    const client = clientOf(url, { retries: 1 });
    dataOf(await info(client));
    dataOf(await info(client));
  });
});
