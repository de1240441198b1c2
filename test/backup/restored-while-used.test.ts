import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../helpers/app.js';
import { runCommand, settingsFor } from '../helpers/cli.js';
import { seedStaff } from '../helpers/staff.js';

// A tenant is restored in its own place while a program serves it.

let on: TestApp;
let folder: string;
let settings: NodeJS.ProcessEnv;

beforeAll(async () => {
  on = await startTestApp();
  await seedStaff(on);
  folder = await mkdtemp(join(tmpdir(), 'leopard-swapped-'));
  settings = settingsFor(on.databases, folder);
}, 60_000);
afterAll(async () => {
  await on.close();
  await rm(folder, { recursive: true });
});

const leopard = (...args: string[]) => runCommand(settings, args);

test('requests go on through the swap; then log-ins are over, and what is read and written is the restored tenant', {
  timeout: 60_000,
}, async () => {
  const file = join(folder, 'main.tar');
  expect(await leopard('tenants', 'export', 'main', '--to', file)).toMatchObject({ exitCode: 0 });
  const token = await on.logIn('admin');
  const region = (name: string, as = token) =>
    on.ask('POST', '/api/v1/regions/', { token: as, body: { name, description: '' } });
  expect((await region('Later')).status).toBe(201);

  const seen: number[] = [];
  let running = true;
  const asking = Array.from({ length: 4 }, async () => {
    while (running) seen.push((await on.ask('GET', '/api/v1/regions/', { token })).status);
  });
  expect(await leopard('tenants', 'restore', 'main', file, '--force')).toMatchObject({
    exitCode: 0,
    stderr: '',
  });
  running = false;
  await Promise.all(asking);
  expect(seen.length).toBeGreaterThan(4);
  expect(new Set(seen.filter((status) => status !== 401))).toEqual(new Set([200]));

  expect((await on.ask('GET', '/api/v1/regions/', { token })).status).toBe(401);
  await new Promise((resolve) => setTimeout(resolve, 1_100)); // tokens are dated in whole seconds
  const again = await on.logIn('admin');
  const names = async () => JSON.stringify((await on.ask('GET', '/api/v1/regions/', { token: again })).body);
  expect(await names()).not.toContain('Later');
  expect((await region('New', again)).status).toBe(201);
  expect(await names()).toContain('New');
});
