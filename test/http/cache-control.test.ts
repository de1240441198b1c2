import { afterAll, beforeAll, expect, test } from 'vitest';
import { PASSWORD, startTestApp, type TestApp } from '../helpers/app.js';
import { seedStaff } from '../helpers/staff.js';

let app: TestApp;
let token: string;
beforeAll(async () => {
  app = await startTestApp();
  await seedStaff(app);
  token = await app.logIn('admin');
});
afterAll(() => app?.close());

const cacheControl = async (...asked: Parameters<TestApp['ask']>) =>
  (await app.ask(...asked)).headers['cache-control'];

test('no cache keeps tokens, personal data or errors', async () => {
  const body = { username: 'admin', password: PASSWORD };
  const client = { first_name: 'Maya', gender: 'FEMALE', country: 'NP' };
  const { id } = (await app.ask('POST', '/api/v1/clients/', { token, body: client })).body;
  for (const [method, path, ask] of [
    ['POST', '/api/token/', { body }],
    ['POST', '/api/token/', { body: { ...body, password: 'wrong' } }],
    ['POST', '/api/token/refresh/', { body: {} }],
    ['GET', '/api/v1/passports/', { token }],
    ['GET', '/api/v1/clients/', { token }],
    ['HEAD', '/api/v1/clients/', { token }],
    ['GET', `/api/v1/clients/${id}/`, { token }],
    ['PATCH', `/api/v1/clients/${id}/`, { token, body: { first_name: 'Mia' } }],
    ['GET', '/api/v1/clients/export/', { token }],
    ['GET', '/api/v1/users/profile/', { token }],
    ['OPTIONS', '/api/v1/clients/', { token }],
    ['DELETE', `/api/v1/clients/${id}/`, { token }],
    ['GET', '/api/v1/clients/', {}],
    ['GET', '/api/v1/clients/999999/', { token }],
    ['GET', '/nothing/', { token }],
  ] as const)
    expect([method, path, await cacheControl(method, path, ask)]).toEqual([method, path, 'no-store']);
});

test('what anybody may see keeps its own rule', async () => {
  const page = (await app.ask('GET', '/api/docs/')).raw.toString();
  const [, asset = ''] = /"(\/api\/docs\/assets\/[^"]+)"/.exec(page) ?? [];
  expect(await cacheControl('GET', asset)).toBe('public, max-age=86400');
  expect(await cacheControl('GET', '/api/public/tenant-info/')).toBe('no-cache, no-store, must-revalidate');
});
