import { afterAll, beforeAll, expect, test } from 'vitest';
import { withOwner } from '../../src/database/owner.js';
import { startTestApp, type TestApp } from '../helpers/app.js';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ environment: { BASE_DOMAIN: 'example.com' } });
  await withOwner(app.databases.owner, (client) =>
    client.query(
      `UPDATE public.tenants_tenant SET name = 'A & B <i>"Migration"</i>' WHERE schema_name = 'tenant_demo'`,
    ),
  );
});
afterAll(() => app?.close());

const HOSTS = [
  'main.localhost',
  'demo.localhost',
  'localhost:8000',
  '127.0.0.1',
  '[::1]:8000',
  'example.com',
];

test.each(HOSTS)('%s says what it is, with links that all answer there', async (host) => {
  const { status, headers, raw } = await app.ask('GET', '/', { headers: { host } });
  expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
  const links = [...raw.toString().matchAll(/(?:href|src)="([^"]*)"/g)].map(([, link]) => link as string);
  for (const wanted of ['/api/docs/', '/api/redoc/', '/api/schema/?format=json', '/health/'])
    expect(links).toContain(wanted);
  for (const link of links) {
    expect(link).toMatch(/^\/(?!\/)/);
    expect([link, (await app.ask('GET', link, { headers: { host } })).status]).toEqual([link, 200]);
  }
});

test('it names the agency whose host it is, whatever its name is made of', async () => {
  const page = async (host: string) => (await app.ask('GET', '/', { headers: { host } })).raw.toString();
  expect(await page('main.localhost')).toContain('the host of Tenant main.');
  expect(await page('demo.localhost')).toContain('A &amp; B &lt;i&gt;&quot;Migration&quot;&lt;/i&gt;');
  expect(await page('localhost')).toContain('belongs to no agency');
});

test('it runs nothing, and loads its style sheet alone', async () => {
  const { headers, raw } = await app.ask('GET', '/');
  expect(headers['content-security-policy']).toBe(
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  );
  expect(raw.toString()).not.toMatch(/<script|<style|style=|\son\w+=|https?:/);
});

test('it is for reading alone, and at no host of nobody', async () => {
  expect((await app.ask('HEAD', '/')).status).toBe(200);
  expect((await app.ask('POST', '/')).status).toBe(405);
  for (const host of ['nobody.localhost', 'nobody.example.com', 'localhost.evil.test'])
    expect((await app.ask('GET', '/', { headers: { host } })).status).toBe(404);
});
