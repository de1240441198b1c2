import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PACKAGE_ROOT } from '../../src/platform/package-root.js';
import { startTestApp, type TestApp } from '../helpers/app.js';
import { settingsFor } from '../helpers/cli.js';

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

/** Returns the page's commands as one script, with the port on which the program runs here. */
async function script(): Promise<string> {
  const page = await readFile(join(PACKAGE_ROOT, 'docs', 'first-agency.md'), 'utf8');
  const blocks = [...page.matchAll(/^```sh\n(.*?)^```/gms)].map(([, block]) => block);
  expect(blocks.length).toBeGreaterThan(8);
  const commands = blocks.join('\n').replaceAll(':8000', `:${new URL(app.base).port}`);
  return `set -euo pipefail\nleopard() { node "$LEOPARD" "$@"; }\n${commands}\necho "ids $CLIENT $VISA $COLLEGE"\n`;
}

async function run(commands: string) {
  const shell = spawn('bash', ['-c', commands], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      LEOPARD: join(PACKAGE_ROOT, 'bin', 'leopard.js'),
      ...settingsFor(app.databases, folder),
    },
  });
  const ended = new Promise<number | null>((resolve) => shell.once('close', resolve));
  const [stdout, stderr, code] = await Promise.all([text(shell.stdout), text(shell.stderr), ended]);
  return { stdout, stderr, code };
}

test('the commands of the page lead to a granted visa and an enrolled student', {
  timeout: 120_000,
}, async () => {
  const { code, stdout, stderr } = await run(await script());
  expect([code, stderr], stdout).toEqual([0, '']);
  const [client, visa, college] = /^ids (\d+) (\d+) (\d+)$/m.exec(stdout)?.slice(1) ?? [];

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
