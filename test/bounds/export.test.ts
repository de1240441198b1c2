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

test('the document of all that is kept of a client with many long texts is whole, too', async () => {
  const id = await withOwner(app.databases.owner, async (client) => {
    await client.query(`
      SET search_path TO tenant_main;
      ALTER TABLE immigration_note DISABLE TRIGGER USER;
      INSERT INTO immigration_note (client_id, content)
      SELECT (SELECT min(id) FROM immigration_client), repeat('y', 95000) || n FROM generate_series(1, 120) n;
      ALTER TABLE immigration_note ENABLE TRIGGER USER`);
    const { rows } = await client.query('SELECT min(id) AS id FROM immigration_client');
    return rows[0].id;
  });
  const { raw } = await app.ask('GET', `/api/v1/clients/${id}/personal-data/`, { token });
  const { note } = JSON.parse(raw.toString()) as { note: { content: string }[] };
  expect(note.map(({ content }) => content.replace('y'.repeat(95_000), ''))).toEqual(
    Array.from({ length: 120 }, (_, n) => String(n + 1)),
  );
});
