import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withOwner } from '../../src/database/owner.js';
import { hostName, wildcardOf } from '../../src/tenancy/host.js';
import { rawRequest, sendRaw } from '../bad-input/raw.js';
import { startTestApp, type TestApp } from '../helpers/app.js';
import { seedStaff } from '../helpers/staff.js';

const INFO = '/api/public/tenant-info/';
const NOT_FOUND = { detail: 'Not found.' };

let app: TestApp;
let token: string;

beforeAll(async () => {
  app = await startTestApp({ environment: { BASE_DOMAIN: 'crm.example.com' } });
  await seedStaff(app);
  token = await app.logIn('admin');
});
afterAll(() => app?.close());

const sql = (text: string, values: unknown[] = []) =>
  withOwner(app.databases.owner, (client) => client.query(text, values));
const addDomain = (domain: string, tenant: string) =>
  sql(
    `INSERT INTO public.tenants_domain (domain, is_primary, tenant_id)
     SELECT $1, false, id FROM public.tenants_tenant WHERE schema_name = $2`,
    [domain, `tenant_${tenant}`],
  );
const ask = (path: string, host: string) => app.ask('GET', path, { headers: { host }, token });

/** Returns the tenant of a host; null for none. */
async function tenantAt(host: string): Promise<string | null> {
  const { status, body } = await ask(INFO, host);
  if (status === 200) return body.tenant_name;
  expect([status, body]).toEqual([404, { detail: 'Tenant not found for this domain' }]);
  return null;
}

describe('a host picks the tenant', () => {
  test.each([
    ['main.localhost', 'Tenant main'],
    ['demo.localhost', 'Tenant demo'],
    ['MAIN.LocalHost', 'Tenant main'],
    ['main.localhost:8000', 'Tenant main'],
    ['main.localhost.', 'Tenant main'],
    ['Main.Localhost.:8000', 'Tenant main'],
    ['nobody.localhost', null],
    ['localhost', null],
    ['x.main.localhost', null],
    ['main.localhost.evil.test', null],
  ])('%s: %s', async (host, tenant) => {
    expect(await tenantAt(host)).toBe(tenant);
  });

  test('an exact domain comes before a wildcard, which stands for one label', async () => {
    await addDomain('*.app.example.org', 'main');
    await addDomain('demo.app.example.org', 'demo');
    await addDomain('*.org', 'demo');
    await app.noticesArrived();
    expect(await tenantAt('anything.app.example.org')).toBe('Tenant main');
    expect(await tenantAt('ANYTHING.app.example.org:443')).toBe('Tenant main');
    expect(await tenantAt('demo.app.example.org')).toBe('Tenant demo');
    expect(await tenantAt('a.b.app.example.org')).toBeNull();
    expect(await tenantAt('app.example.org')).toBeNull();
    expect(await tenantAt('example.org')).toBeNull(); // two labels: no wildcard
    expect(await tenantAt('*.app.example.org')).toBeNull();
  });

  test.each([
    'a b',
    '*',
    '.main.localhost',
    '-main.localhost',
    'main..localhost',
    'main.localhost..',
    'main.localhost:port',
    'main.localhost:123456',
    'main.localhost/x',
    'main.localhost@evil.test',
    'main.localhost, demo.localhost',
    "main.localhost' OR '1'='1",
    '[::1',
    `${'a'.repeat(250)}.localhost`,
    '%00',
  ])('%j is no host', async (host) => {
    expect(await tenantAt(host)).toBeNull();
    const { status, body } = await ask('/api/v1/clients/', host);
    expect([status, body]).toEqual([404, NOT_FOUND]);
  });

  test('a request without a host is nobody’s', async () => {
    const answer = await new Promise<string>((resolve, reject) => {
      const { port } = new URL(app.base);
      const socket = connect(Number(port), '127.0.0.1', () =>
        socket.end('GET /api/v1/clients/ HTTP/1.0\r\n\r\n'),
      );
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk;
      });
      socket.on('close', () => resolve(text));
      socket.on('error', reject);
    });
    expect(answer).toMatch(/^HTTP\/1\.[01] 404 /);
  });

  test.each([
    ['/health/', 'GET', ['Host: main.localhost', 'Host: demo.localhost']],
    ['/api/v1/clients/', 'GET', ['Host: main.localhost', 'host: main.localhost']],
    ['/api/token/', 'OPTIONS', ['HOST: main.localhost', 'Host:', 'Access-Control-Request-Method: POST']],
    ['/nothing/', 'GET', ['Host: nobody.localhost', 'X: y', 'Host: nobody.localhost']],
  ])('a request for %s by %s with two Host headers is refused', async (path, method, lines) => {
    const { statuses, said } = await sendRaw(app.base, rawRequest(method, path, lines));
    expect(statuses).toEqual([400]);
    expect(said).toContain('{"detail":"The request has more than one Host header."}');
  });

  test('in this form', () => {
    expect(hostName('A.b.:80')).toBe('a.b');
    expect(hostName('[::1]:8000')).toBe('[::1]');
    expect(hostName(undefined)).toBeNull();
    expect(wildcardOf('a.b.c')).toBe('*.b.c');
    expect(wildcardOf('b.c')).toBeNull();
  });
});

describe('tenant-info', () => {
  test('tells name and number, and is not to be kept', async () => {
    const { status, body, headers } = await app.ask('GET', `${INFO}?tenant=demo&_t=17`, {
      headers: { 'cache-control': 'no-cache', pragma: 'no-cache' },
    });
    expect([status, body]).toEqual([200, { tenant_name: 'Tenant main', tenant_id: expect.any(Number) }]);
    expect(headers['cache-control']).toBe('no-cache, no-store, must-revalidate');
    expect((await ask(INFO, 'nobody.localhost')).headers['cache-control']).toBe(
      'no-cache, no-store, must-revalidate',
    );
  });
});

describe('hosts of nobody', () => {
  test('get the same answer whatever they ask for', async () => {
    for (const path of [
      '/api/v1/clients/',
      '/api/token/',
      '/api/v1/clients',
      '/nothing/',
      '/api/docs/',
      '/',
    ]) {
      const { status, body, headers } = await ask(path, 'nobody.localhost');
      expect([path, status, body]).toEqual([path, 404, NOT_FOUND]);
      expect([headers.allow, headers.vary]).toEqual([undefined, 'origin']);
    }
  });

  test('the bare hosts have the documentation, and nothing of a tenant’s', async () => {
    for (const host of ['localhost', '127.0.0.1:8000', 'crm.example.com']) {
      expect((await ask('/api/schema/', host)).status).toBe(200);
      expect((await ask('/health/', host)).status).toBe(200);
      for (const path of ['/api/v1/', '/api/v1/clients/', '/api/token/', '/media/a/b.png']) {
        expect([host, path, (await ask(path, host)).status]).toEqual([host, path, 404]);
      }
    }
  });
});

describe('a change is seen at once', () => {
  const sees = async (host: string, tenant: string | null) => {
    await app.noticesArrived();
    expect(await tenantAt(host)).toBe(tenant);
  };

  test('of a domain: added, renamed, moved, removed', async () => {
    await sees('new.example.net', null);
    await addDomain('new.example.net', 'main');
    await sees('new.example.net', 'Tenant main');
    await sql(
      `UPDATE public.tenants_domain SET domain = 'newer.example.net' WHERE domain = 'new.example.net'`,
    );
    await sees('new.example.net', null);
    await sees('newer.example.net', 'Tenant main');
    await sql(
      `UPDATE public.tenants_domain SET tenant_id = (SELECT id FROM public.tenants_tenant WHERE schema_name = 'tenant_demo')
       WHERE domain = 'newer.example.net'`,
    );
    await sees('newer.example.net', 'Tenant demo');
    await sql(`DELETE FROM public.tenants_domain WHERE domain = 'newer.example.net'`);
    await sees('newer.example.net', null);
  });

  test('of a tenant’s name', async () => {
    const rename = (name: string) =>
      sql(`UPDATE public.tenants_tenant SET name = $1 WHERE schema_name = 'tenant_demo'`, [name]);
    await rename('Renamed');
    await sees('demo.localhost', 'Renamed');
    await rename('Tenant demo');
    await sees('demo.localhost', 'Tenant demo');
  });

  test.each([
    [`subscription_status = 'SUSPENDED'`],
    [`subscription_status = 'CANCELLED'`],
    ['is_active = false'],
  ])('a tenant with %s is refused everywhere but at /health/', async (change) => {
    expect((await ask('/api/v1/clients/', 'main.localhost')).status).toBe(200);
    await sql(`UPDATE public.tenants_tenant SET ${change} WHERE schema_name = 'tenant_main'`);
    await app.noticesArrived();
    for (const path of [
      '/api/v1/clients/',
      '/api/v1/clients',
      '/api/v1/',
      '/api/token/',
      INFO,
      '/api/schema/',
      '/api/docs/',
      '/api/docs/assets/swagger-ui.css',
      '/media/profile-pictures/x.png',
      '/nothing/',
    ]) {
      const { status, body } = await ask(path, 'main.localhost');
      expect([path, status, Object.keys(body)]).toEqual([path, 403, ['detail']]);
    }
    expect((await ask('/health/', 'main.localhost')).status).toBe(200);
    expect((await app.ask('POST', '/api/token/', { body: {} })).status).toBe(403);
    expect(await tenantAt('demo.localhost')).toBe('Tenant demo');
    await sql(
      `UPDATE public.tenants_tenant SET subscription_status = 'ACTIVE', is_active = true WHERE schema_name = 'tenant_main'`,
    );
    await app.noticesArrived();
    expect((await ask('/api/v1/clients/', 'main.localhost')).status).toBe(200);
  });

  test('a tenant on trial is served', async () => {
    await sql(
      `UPDATE public.tenants_tenant SET subscription_status = 'TRIAL' WHERE schema_name = 'tenant_demo'`,
    );
    await sees('demo.localhost', 'Tenant demo');
  });
});

describe('ALLOWED_HOSTS', () => {
  let strict: TestApp;
  beforeAll(async () => {
    strict = await startTestApp({ environment: { ALLOWED_HOSTS: 'Main.localhost, .example.com' } });
  });
  afterAll(() => strict?.close());

  test.each([
    ['main.localhost', 200],
    ['demo.localhost', 404],
    ['localhost', 404],
  ])('%s: %i', async (host, status) => {
    expect((await strict.ask('GET', INFO, { headers: { host } })).status).toBe(status);
    expect((await strict.ask('GET', '/api/schema/', { headers: { host } })).status).toBe(status);
    expect((await strict.ask('GET', '/health/', { headers: { host } })).status).toBe(200);
  });
});
