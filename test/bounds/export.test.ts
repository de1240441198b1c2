import { afterAll, beforeAll, expect, test } from 'vitest';
import { withOwner } from '../../src/database/owner.js';
import { startTestApp, type TestApp } from '../helpers/app.js';
import { seedStaff } from '../helpers/staff.js';

let app: TestApp;
let token: string;
beforeAll(async () => {
  app = await startTestApp();
  await seedStaff(app);
  token = await app.logIn('admin');
});
afterAll(() => app?.close());

test('an export of clients with long texts is whole, each client once, read in batches that fit', async () => {
  await withOwner(app.databases.owner, (client) =>
    client.query(`
      SET search_path TO tenant_main;
      ALTER TABLE immigration_client DISABLE TRIGGER USER;
      INSERT INTO immigration_client (first_name, gender, country, description)
      SELECT 'Client ' || n, 'FEMALE', 'NP', repeat('x', 100000) FROM generate_series(1, 250) n;
      ALTER TABLE immigration_client ENABLE TRIGGER USER`),
  );
  const { status, raw } = await app.ask('GET', '/api/v1/clients/export/', { token });
  const text = raw.toString();
  expect(status).toBe(200);
  expect(text.match(/Client \d+/g)?.length).toBe(250);
  expect(new Set(text.match(/Client \d+/g)).size).toBe(250);
  expect(text.match(/x{100000}/g)?.length).toBe(250);
});
