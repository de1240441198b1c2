import { Validator } from '@seriousme/openapi-schema-validator';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../helpers/app.js';
import { askPlatform } from './operators.js';

let app: TestApp;
type Paths = Record<string, Record<string, { readonly security?: unknown; readonly responses: object }>>;
let served: { readonly paths: Paths; readonly openapi: string };

beforeAll(async () => {
  app = await startTestApp();
  served = (await askPlatform(app, 'GET', 'schema/?format=json')).body;
});
afterAll(() => app.close());

const operations = (paths: Paths) =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );

it('is valid OpenAPI 3.0 of the operators’ routes and no others', async () => {
  const { valid, errors } = await new Validator().validate(structuredClone(served) as never);
  expect([valid, errors ?? []]).toEqual([true, []]);
  const own = app.app.operatorRoutes.map(
    ({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`,
  );
  expect(operations(served.paths).sort()).toEqual(own.sort());
  expect(served.paths['/api/platform/v1/audit/']?.get?.responses).toMatchObject({ 401: {}, 403: {} });
  expect(served.paths['/api/platform/v1/login/']?.post?.security).toEqual([]);
});

it('is not on agencies’ hosts, whose own document has no route of operators', async () => {
  expect((await app.ask('GET', '/api/platform/v1/schema/')).status).toBe(404);
  const agencies = await app.ask('GET', '/api/schema/?format=json');
  expect(operations(agencies.body.paths).filter((name) => name.includes('/platform/'))).toEqual([]);
});
