import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/config.js';
import { Cors } from '../../src/http/cors.js';
import { startTestApp, type TestApp } from '../helpers/app.js';

const CLIENTS = '/api/v1/clients/';
const FRONT_END = 'http://main-immigrate.localhost:3000';
const FOREIGN = 'https://evil.example.com';

/** Returns which origins these settings allow. */
function cors(settings: Record<string, string>): (origin: string) => boolean {
  const environment = {
    SECRET_KEY: 'a key that is as long as it has to be, 0123456789',
    DB_HOST: 'x',
    DB_NAME: 'x',
  };
  const config = loadConfig({ ...environment, DB_USER: 'x', DB_PASSWORD: 'x', ...settings }, '/nowhere');
  const decided = new Cors(config);
  return (origin) => decided.headers(origin) !== null;
}

describe('origins', () => {
  test('of the front end: <word>.APP_SUBDOMAIN.BASE_DOMAIN and <tenant>-APP_SUBDOMAIN.BASE_DOMAIN', () => {
    const allows = cors({ DEBUG: 'false', APP_SUBDOMAIN: 'app', BASE_DOMAIN: 'example.com' });
    for (const origin of [
      'http://main.app.example.com',
      'http://main-app.example.com',
      'http://my-agency_2.app.example.com',
      'http://my-agency_2-app.example.com',
      'HTTP://Main.App.Example.com',
    ]) {
      expect(allows(origin), origin).toBe(true);
    }
    for (const origin of [
      'https://main.app.example.com',
      'http://app.example.com',
      'http://-app.example.com',
      'http://a.b.app.example.com',
      'http://main.appXexample.com',
      'http://main.app.example.com.evil.test',
      'http://main.app.example.com:8000',
      'http://evil.test/main.app.example.com',
      'http://evil.test#.app.example.com',
      'http://main.app.example.com/',
      'http://main.app.example.com\n',
      'http://localhost',
      'http://main.localhost:3000',
      'null',
      '',
    ]) {
      expect(allows(origin), origin).toBe(false);
    }
  });

  test('with USE_HTTPS only by https', () => {
    const allows = cors({ DEBUG: 'false', BASE_DOMAIN: 'example.com', USE_HTTPS: 'true' });
    expect(allows('https://main.immigrate.example.com')).toBe(true);
    expect(allows('http://main.immigrate.example.com')).toBe(false);
  });

  test('with DEBUG on any port, and those of localhost', () => {
    const allows = cors({ DEBUG: 'true', BASE_DOMAIN: 'example.com' });
    for (const origin of [
      'http://main.immigrate.example.com:5173',
      'http://main-immigrate.example.com:5173',
      'http://localhost',
      'http://localhost:3000',
      'https://localhost:3000',
      'http://main-immigrate.localhost:3000',
      'http://a.b.localhost',
    ]) {
      expect(allows(origin), origin).toBe(true);
    }
    for (const origin of [
      'http://evillocalhost',
      'http://localhost.evil.test',
      'http://.localhost',
      'null',
    ]) {
      expect(allows(origin), origin).toBe(false);
    }
  });

  test('of CORS_ALLOWED_ORIGINS, patterns too', () => {
    const origins = 'https://office.example.com, http://*.example.org, http://dev.example.net:*';
    const allows = cors({ DEBUG: 'false', CORS_ALLOWED_ORIGINS: origins });
    for (const origin of [
      'https://office.example.com',
      'http://a.b.example.org',
      'http://dev.example.net:5173',
    ]) {
      expect(allows(origin), origin).toBe(true);
    }
    for (const origin of [
      'http://office.example.com',
      'https://office.example.com:8443',
      'https://officeXexample.com',
      'http://.example.org.evil.test',
      'http://evil.test/.example.org',
      'http://dev.example.net',
      'http://dev.example.net:80.evil.test',
    ]) {
      expect(allows(origin), origin).toBe(false);
    }
  });
});

describe('answers', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp();
  });
  afterAll(() => app?.close());

  const preflight = (origin: string, headers: Record<string, string> = {}, path = CLIENTS) =>
    app.ask('OPTIONS', path, {
      headers: { origin, 'access-control-request-method': 'PATCH', ...headers },
    });

  const listed = (value: unknown) =>
    String(value)
      .split(',')
      .map((item) => item.trim().toLowerCase());

  test('a preflight names methods, headers and for how long they hold', async () => {
    const { status, headers, raw } = await preflight(FRONT_END);
    expect([status, raw.length, headers['content-length']]).toEqual([200, 0, '0']);
    expect(headers['access-control-allow-origin']).toBe(FRONT_END);
    expect(headers['access-control-allow-credentials']).toBe('true');
    expect(headers['access-control-max-age']).toBe('86400');
    expect(listed(headers['access-control-allow-methods'])).toEqual(
      expect.arrayContaining(['get', 'post', 'put', 'patch', 'delete', 'options']),
    );
    // The headers that the front end sends, tenant-info's cache headers among them.
    expect(listed(headers['access-control-allow-headers'])).toEqual(
      expect.arrayContaining([
        'accept',
        'authorization',
        'content-type',
        'cache-control',
        'pragma',
        'expires',
      ]),
    );
    expect(headers.vary).toBe('origin');
  });

  test('an allowed origin reads the headers that its pages need', async () => {
    const { headers } = await app.ask('GET', CLIENTS, { headers: { origin: FRONT_END } });
    expect(listed(headers['access-control-expose-headers'])).toEqual(
      expect.arrayContaining(['content-disposition', 'retry-after', 'x-request-id', 'x-truncated-fields']),
    );
  });

  test('a foreign origin’s preflight is 200 and grants nothing', async () => {
    const { status, headers, raw } = await preflight(FOREIGN);
    expect([status, raw.length, headers.vary]).toEqual([200, 0, 'origin']);
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
  });

  test('a preflight needs no token, no slash and no record', async () => {
    for (const path of ['/api/v1/clients', '/api/token/', '/api/public/tenant-info/', `${CLIENTS}999999/`]) {
      expect((await preflight(FRONT_END, {}, path)).status).toBe(200);
    }
  });

  test('OPTIONS without the question of a preflight is an ordinary request', async () => {
    const { status, headers } = await app.ask('OPTIONS', CLIENTS, { headers: { origin: FRONT_END } });
    expect([status, headers['access-control-allow-origin']]).toEqual([401, FRONT_END]);
  });

  test('an allowed origin may read every answer, errors too; another none', async () => {
    const requests = [
      ['GET', CLIENTS, 401],
      ['GET', '/api/v1/clients', 301],
      ['GET', '/nothing/', 404],
      ['GET', '/api/public/tenant-info/', 200],
      ['POST', '/api/token/', 400],
      ['GET', '/api/token/', 405],
      ['GET', '/health/', 200],
    ] as const;
    for (const [method, path, status] of requests) {
      const own = await app.ask(method, path, { headers: { origin: FRONT_END } });
      expect([path, own.status, own.headers['access-control-allow-origin']]).toEqual([
        path,
        status,
        FRONT_END,
      ]);
      expect(own.headers['access-control-allow-credentials']).toBe('true');
      expect(own.headers.vary).toMatch(/\borigin$/);
      const foreign = await app.ask(method, path, { headers: { origin: FOREIGN } });
      expect(foreign.status).toBe(status);
      expect(foreign.headers['access-control-allow-origin']).toBeUndefined();
      expect(foreign.headers.vary).toBe(own.headers.vary);
      const nobody = await app.ask(method, path);
      expect(nobody.headers['access-control-allow-origin']).toBeUndefined();
    }
    const unknownHost = await app.ask('GET', CLIENTS, { host: 'nobody', headers: { origin: FRONT_END } });
    expect([unknownHost.status, unknownHost.headers['access-control-allow-origin']]).toEqual([
      404,
      FRONT_END,
    ]);
  });
});
