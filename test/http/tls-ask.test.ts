import { afterAll, beforeAll, expect, test } from 'vitest';
import { withOwner } from '../../src/database/owner.js';
import { startTestApp, type TestApp } from '../helpers/app.js';

// Whether the proxy in front may get a certificate for a domain.

const ASK = '/internal/tls/ask/';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ environment: { USE_HTTPS: 'true', TRUSTED_PROXIES: '10.0.0.0/8' } });
});
afterAll(() => app?.close());

const ask = async (domain: string, headers: Readonly<Record<string, string>> = {}) =>
  (await app.ask('GET', `${ASK}?domain=${encodeURIComponent(domain)}`, { host: '127.0.0.1:8001', headers }))
    .status;

const addDomain = (domain: string) =>
  withOwner(app.databases.owner, (client) =>
    client.query(
      `INSERT INTO public.tenants_domain (domain, tenant_id, is_primary)
       SELECT $1, id, false FROM public.tenants_tenant WHERE schema_name = 'tenant_main'`,
      [domain],
    ),
  );

test('a registered domain may have a certificate, as soon as it is registered', async () => {
  expect(await ask('main.localhost')).toBe(200);
  expect(await ask('Main.Localhost.')).toBe(200);
  expect(await ask('crm.acme.example')).toBe(404);
  await addDomain('crm.acme.example');
  await expect.poll(() => ask('crm.acme.example')).toBe(200);
});

test('no other name may: not what only a wildcard covers, since anybody can make up names below it', async () => {
  await addDomain('*.acme.example');
  for (const domain of [
    'x.acme.example',
    '*.acme.example',
    'nobody.example',
    'localhost',
    '127.0.0.1',
    '',
    'a b',
    '../x',
  ])
    expect([domain, await ask(domain)]).toEqual([domain, 404]);
  expect((await app.ask('GET', ASK, { host: '127.0.0.1' })).status).toBe(404);
});

test('it is there for the proxy alone, not for those behind it nor for other machines', async () => {
  for (const header of ['x-forwarded-for', 'x-forwarded-host', 'forwarded', 'via'])
    expect([header, await ask('main.localhost', { [header]: '203.0.113.9' })]).toEqual([header, 404]);
  const from = async (remoteAddress: string) =>
    (await app.app.server.inject({ url: `${ASK}?domain=main.localhost`, remoteAddress })).statusCode;
  expect([await from('203.0.113.9'), await from('10.1.2.3'), await from('::1')]).toEqual([404, 200, 200]);
});

test('a flood of made-up names occupies two connections at most, and the registered ones get through', async () => {
  await ask('main.localhost'); // known from now on
  const flood = Array.from({ length: 200 }, (_, n) => ask(`flood-${n}.example`));
  expect(await ask('main.localhost')).toBe(200);
  const statuses = await Promise.all(flood);
  expect(new Set(statuses)).toEqual(new Set([404, 503]));
});
