import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../helpers/app.js';
import { seedStaff } from '../helpers/staff.js';

const INFO = '/api/public/tenant-info/';
const CLIENTS = '/api/v1/clients/';
const MAYA = { first_name: 'Maya', gender: 'FEMALE', country: 'NP' };

async function startWithClients(environment: Record<string, string>) {
  const app = await startTestApp({ environment });
  await seedStaff(app);
  const headers = { 'x-forwarded-proto': 'https' };
  const body = { username: 'admin', password: 'Passw0rd!23' };
  const token: string = (await app.ask('POST', '/api/token/', { headers, body })).body.access;
  for (let i = 0; i < 2; i++) await app.ask('POST', CLIENTS, { token, headers, body: MAYA });
  return { app, token };
}

describe('X-Forwarded-*', () => {
  let trusting: TestApp;
  let token: string;
  let wary: TestApp;
  beforeAll(async () => {
    ({ app: trusting, token } = await startWithClients({
      TRUSTED_PROXIES: '127.0.0.1,10.0.0.0/8',
      LOGIN_FAILURES_PER_ADDRESS: '2',
    }));
    wary = await startTestApp({ environment: { LOGIN_FAILURES_PER_ADDRESS: '2' } });
  });
  afterAll(async () => {
    await trusting?.close();
    await wary?.close();
  });

  const forwarded = { 'x-forwarded-host': 'demo.localhost:8443', 'x-forwarded-proto': 'https' };

  test('from a trusted proxy, the host picks the tenant', async () => {
    const answer = await trusting.ask('GET', INFO, { headers: forwarded });
    expect(answer.body.tenant_name).toBe('Tenant demo');
  });

  test('from anybody else it does not', async () => {
    const answer = await wary.ask('GET', INFO, { headers: forwarded });
    expect(answer.body.tenant_name).toBe('Tenant main');
    const hidden = { 'x-forwarded-host': 'nobody.localhost' };
    expect((await wary.ask('GET', INFO, { headers: hidden })).status).toBe(200);
  });

  test('links are as the client sees them', async () => {
    const headers = { 'x-forwarded-host': 'main.localhost:8443', 'x-forwarded-proto': 'https' };
    const { body } = await trusting.ask('GET', `${CLIENTS}?page_size=1`, { token, headers });
    expect(body.next).toBe('https://main.localhost:8443/api/v1/clients/?page=2&page_size=1');
    const plain = await trusting.ask('GET', `${CLIENTS}?page_size=1`, { token });
    expect(plain.body.next).toBe('http://main.localhost/api/v1/clients/?page=2&page_size=1');
  });

  test('failed log-ins count for the address that a trusted proxy names', async () => {
    const fail = async (app: TestApp, address: string, username: string) => {
      const headers = { 'x-forwarded-for': address };
      const body = { username, password: 'wrong' };
      return (await app.ask('POST', '/api/token/', { headers, body })).status;
    };
    expect([await fail(trusting, '203.0.113.1', 'a'), await fail(trusting, '203.0.113.1', 'b')]).toEqual([
      401, 401,
    ]);
    expect(await fail(trusting, '203.0.113.1', 'c')).toBe(429);
    expect(await fail(trusting, '203.0.113.2', 'c')).toBe(401);
    // What the client sent comes before what the proxy added.
    expect(await fail(trusting, '198.51.100.9, 203.0.113.1', 'd')).toBe(429);
    expect(await fail(trusting, '203.0.113.1, 10.1.2.3', 'd')).toBe(429);

    expect([await fail(wary, '203.0.113.1', 'a'), await fail(wary, '203.0.113.2', 'b')]).toEqual([401, 401]);
    expect(await fail(wary, '203.0.113.3', 'c')).toBe(429);
  });
});

describe('USE_HTTPS', () => {
  let app: TestApp;
  let token: string;
  beforeAll(async () => {
    ({ app, token } = await startWithClients({
      USE_HTTPS: 'true',
      TRUSTED_PROXIES: '127.0.0.1',
      BASE_DOMAIN: 'example.com',
    }));
  });
  afterAll(() => app?.close());

  const https = { 'x-forwarded-proto': 'https' };

  test.each(['GET', 'POST', 'DELETE', 'OPTIONS'])('%s by http is sent to https', async (method) => {
    for (const path of [
      '/api/v1/clients/?a=b&page=2',
      '/api/token/',
      '/api/docs/',
      '/nothing/',
      '/media/x/y.png?a=1',
    ]) {
      const { status, headers } = await app.ask(method, path, { host: 'main.localhost:8000', token });
      expect([path, status, headers.location]).toEqual([path, 301, `https://main.localhost:8000${path}`]);
      expect(headers['strict-transport-security']).toBeUndefined();
    }
  });

  test('not where the host is nobody’s, not even where a page is served on any host, and so it is nowhere else', async () => {
    for (const host of ['nobody', 'evil.example.org']) {
      const info = await app.ask('GET', INFO, { host });
      expect([info.status, info.headers.location]).toEqual([404, undefined]);
      expect((await app.ask('GET', '/', { host })).headers.location).toBeUndefined();
      expect((await app.ask('GET', INFO.slice(0, -1), { host })).headers.location ?? '').not.toContain(
        'https://',
      );
    }
    const bare = await app.ask('GET', '/api/docs/', { host: 'example.com' });
    expect([bare.status, bare.headers.location]).toEqual([301, 'https://example.com/api/docs/']);
  });

  test('not where the host is nobody’s, nor a health check', async () => {
    expect((await app.ask('GET', CLIENTS, { host: 'nobody' })).status).toBe(404);
    expect((await app.ask('GET', '/health/')).status).toBe(200);
  });

  test('answers by https say that it is to stay so, and links are https', async () => {
    const { status, headers, body } = await app.ask('GET', `${CLIENTS}?page_size=1`, {
      token,
      headers: https,
    });
    expect(status).toBe(200);
    expect(headers['strict-transport-security']).toMatch(/^max-age=\d{8}/);
    expect(body.next).toMatch(/^https:\/\/main\.localhost\/api\/v1\/clients\/\?page=2/);
    const root = await app.ask('GET', '/api/v1/', { token, headers: https });
    expect(root.body.clients).toBe('https://main.localhost/api/v1/clients/');
    const refused = await app.ask('GET', CLIENTS, { headers: https });
    expect([refused.status, refused.headers['strict-transport-security']]).toEqual([
      401,
      headers['strict-transport-security'],
    ]);
  });

  test('front ends are allowed by https', async () => {
    const origin = 'https://main.immigrate.example.com';
    const answer = await app.ask('GET', CLIENTS, { headers: { ...https, origin } });
    expect(answer.headers['access-control-allow-origin']).toBe(origin);
  });
});
