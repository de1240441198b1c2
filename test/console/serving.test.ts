import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../helpers/app.js';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(async () => {
  await app?.close();
});

const get = (path: string, headers: Record<string, string> = {}) => app.ask('GET', path, { headers });

/** Returns the path of the page's script. */
async function script(): Promise<string> {
  const { body } = await get('/admin/');
  return /src="(\/admin\/assets\/index-[^"]+\.js)"/.exec(body)?.[1] as string;
}

test('the page stands at every path below /admin/, under a policy without exceptions', async () => {
  for (const path of ['/admin/', '/admin/clients', '/admin/clients/12/', '/admin/no-such-page']) {
    const { status, headers, body } = await get(path);
    expect([path, status, headers['content-type']]).toEqual([path, 200, 'text/html; charset=utf-8']);
    expect(body).toContain('<div id="root">');
    expect(headers['cache-control']).toBe('no-cache');
    expect(headers['content-security-policy']).toContain(
      "default-src 'none'; script-src 'self'; style-src 'self'",
    );
    expect(headers['content-security-policy']).not.toMatch(/unsafe|https?:|\*/);
    expect(body).not.toMatch(/<script(?![^>]* src=)|<style|\son\w+=|style=|https?:\/\//);
  }
  const { status, headers } = await get('/admin');
  expect([status, headers.location]).toEqual([301, '/admin/']);
});

test('files are kept for ever, come compressed, and are not sent again', async () => {
  const path = await script();
  const plain = await get(path);
  expect(plain.headers['cache-control']).toBe('public, max-age=31536000, immutable');
  expect(plain.headers['content-encoding']).toBeUndefined();
  const gzip = await get(path, { 'accept-encoding': 'gzip, br;q=0' });
  expect(gzip.headers['content-encoding']).toBe('gzip');
  expect(gunzipSync(gzip.raw).equals(plain.raw)).toBe(true);
  const brotli = await get(path, { 'accept-encoding': 'gzip, deflate, br' });
  expect(brotli.headers['content-encoding']).toBe('br');
  expect(brotliDecompressSync(brotli.raw).equals(plain.raw)).toBe(true);
  expect(brotli.headers.vary).toContain('accept-encoding');
  expect(new Set([plain, gzip, brotli].map(({ headers }) => headers.etag)).size).toBe(3);
  const again = await get(path, { 'accept-encoding': 'br', 'if-none-match': String(brotli.headers.etag) });
  expect([again.status, again.raw.length]).toEqual([304, 0]);
  const head = await app.ask('HEAD', path);
  expect([head.status, head.raw.length]).toEqual([200, 0]);
  expect(head.headers['content-length']).toBe(String(plain.raw.length));
});

test('what is no file of the application is not served', async () => {
  for (const path of [
    '/admin/assets/no-such.js',
    '/admin/assets/',
    '/admin/assets/..%2f..%2f..%2fpackage.json',
    '/admin/assets/constructor',
  ])
    expect([path, (await get(path)).status]).toEqual([path, 404]);
  for (const path of [
    '/admin/manifest.json',
    '/admin/..%2fcli.js',
    '/admin/%2e%2e/package.json',
    '/admin/.built',
  ]) {
    const { status, body } = await get(path);
    if (status === 200) expect(body).toContain('<div id="root">');
    else expect([path, status]).toEqual([path, 404]);
  }
  expect((await app.ask('POST', '/admin/')).status).toBe(405);
});

test('it belongs to agencies, and can be switched off', async () => {
  const bare = await app.ask('GET', '/admin/', { host: '127.0.0.1' });
  expect(bare.status).toBe(404);
  const off = await startTestApp({ sharing: app, environment: { LEOPARD_CONSOLE: 'off' } });
  try {
    expect((await off.ask('GET', '/admin/')).status).toBe(404);
    expect((await off.ask('GET', '/admin/assets/x.js')).status).toBe(404);
  } finally {
    await off.close();
  }
});
