import { afterAll, beforeAll, expect, test } from 'vitest';
import { withOwner } from '../../src/database/owner.js';
import { startTestApp, type TestApp } from '../helpers/app.js';
import {
  createRecord,
  isRecordRoute,
  pathOf,
  routeName,
  validBody,
  withoutSample,
} from '../helpers/routes.js';
import { seedStaff } from '../helpers/staff.js';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
  await seedStaff(app);
  await withOwner(app.databases.admin, (client) =>
    client.query('CREATE PUBLICATION everything FOR TABLES IN SCHEMA public, tenant_main, tenant_demo'),
  );
});
afterAll(() => app?.close());

test('every table has what replication tells its rows apart by', async () => {
  const { rows } = await withOwner(app.databases.admin, (client) =>
    client.query(
      `SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
       WHERE relkind IN ('r', 'p') AND nspname ~ '^(public|tenant_)' AND relpersistence = 'p'
         AND relreplident <> 'f'
         AND NOT EXISTS (SELECT FROM pg_index WHERE indrelid = c.oid AND indisprimary)`,
    ),
  );
  expect(rows).toEqual([]);
});

test('with a publication of all tables every write of the API works', { timeout: 120_000 }, async () => {
  const failed: unknown[] = [];
  let written = 0;
  let token = await app.logIn('admin');
  const writes = app.app.routes.filter((route) => route.method !== 'GET' && route.policy.kind !== 'public');
  expect(withoutSample(writes)).toEqual([]);
  for (const route of writes) {
    const id = isRecordRoute(route) ? await createRecord(app, 'tenant_main', route) : 0;
    const ask = () => app.ask(route.method, pathOf(route, id), { token, ...validBody(route) });
    let { status, body } = await ask();
    if (status === 401) {
      token = await app.logIn('admin'); // an earlier request has ended the sessions
      ({ status, body } = await ask());
    }
    if (status >= 500) failed.push([routeName(route), status, body]);
    if (status < 300) written++;
  }
  expect(failed).toEqual([]);
  expect(written).toBeGreaterThan(100);
});
