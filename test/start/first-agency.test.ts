import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../helpers/app.js';
import { settingsFor } from '../helpers/cli.js';
import { readSnippets, runSnippets } from '../helpers/page-script.js';

// A new agency does the whole work of a visa and a college application with only the commands of docs/first-agency.md.

let app: TestApp;
let folder: string;

beforeAll(async () => {
  app = await startTestApp({ from: 'template' });
  folder = await mkdtemp(join(tmpdir(), 'leopard-first-agency-'));
});
afterAll(async () => {
  await app?.close();
  await rm(folder, { recursive: true, force: true });
});

test('the commands of the page lead to a granted visa and an enrolled student', {
  timeout: 120_000,
}, async () => {
  const { code, stderr, printed } = await runSnippets(await readSnippets('docs/first-agency.md'), {
    port: Number(new URL(app.base).port),
    directory: folder,
    environment: settingsFor(app.databases, folder),
    after: 'echo "ids $CLIENT $VISA $COLLEGE"',
  });
  expect([code, stderr], printed.join('')).toEqual([0, '']);
  expect(printed.length).toBeGreaterThan(9);
  const [client, visa, college] = /^ids (\d+) (\d+) (\d+)$/m.exec(printed.at(-1) ?? '')?.slice(1) ?? [];

  const logIn = { host: 'acme', body: { username: 'raj', password: 'Crossing-zebra-24' } };
  const raj = (await app.ask('POST', '/api/token/', logIn)).body.access;
  const admin = await app.ask('POST', '/api/token/', {
    host: 'acme',
    body: { username: 'ann@acme.example', password: 'zebra-Crossing-42' },
  });
  const read = async (path: string, token: string) =>
    (await app.ask('GET', `/api/v1/${path}`, { host: 'acme', token })).body;

  expect(await read(`visa-applications/${visa}/`, raj)).toMatchObject({
    client: Number(client),
    status: 'GRANTED',
    visa_type_name: 'Student (subclass 500)',
    date_granted: '2026-04-28',
    required_documents: expect.arrayContaining([{ name: 'Confirmation of Enrolment (CoE)', received: true }]),
  });
  expect(await read(`college-applications/${college}/`, admin.body.access)).toMatchObject({
    stage_name: 'Enrolled',
    institute_name: 'Harbour City University',
    course_name: 'Master of Information Technology',
  });
  expect(await read(`passports/${client}/`, raj)).toMatchObject({ passport_no: 'PA0123456' });
  // The agency's days are those of its time zone, and the page says how that shows.
  expect(await read('agency-settings/', admin.body.access)).toMatchObject({
    time_zone: 'Australia/Sydney',
    subscription_status: 'ACTIVE',
    max_users: 20,
    branding: { display_name: 'Acme', primary_color: '#0a5c36' },
  });
  expect((await read('users/profile/', admin.body.access)).first_name).toBe('Ann');
});
