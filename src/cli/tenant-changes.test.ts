import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../../test/helpers/app.js';
import { runCommand, settingsFor } from '../../test/helpers/cli.js';
import { seedStaff } from '../../test/helpers/staff.js';
import { withOwner } from '../database/owner.js';

let app: TestApp;
let folder: string;
let token: string;

beforeAll(async () => {
  app = await startTestApp();
  await seedStaff(app);
  folder = await mkdtemp(join(tmpdir(), 'leopard-cli-'));
  token = await app.logIn('admin');
});
afterAll(async () => {
  await app?.close();
  await rm(folder, { recursive: true });
});

const leopard = (args: readonly string[], environment: NodeJS.ProcessEnv = {}) =>
  runCommand(settingsFor(app.databases, folder), ['tenants', ...args], { environment });

/** Returns the JSON that a command prints. */
async function json(...args: string[]) {
  const { exitCode, stdout, stderr } = await leopard([...args, '--json']);
  expect([exitCode, stderr]).toEqual([0, '']);
  return JSON.parse(stdout);
}

const clients = async () => (await app.ask('GET', '/api/v1/clients/', { token })).status;
/** Well before the program would poll. */
const soon = { interval: 20 };

describe('tenants suspend and activate', () => {
  it('shut a tenant out of the running program at once, and bring it back', async () => {
    expect(await clients()).toBe(200);
    const { exitCode, stdout } = await leopard(['suspend', 'main']);
    expect([exitCode, stdout.split('\n')[0]]).toEqual([0, 'tenant main is suspended']);
    expect(stdout).toMatch(/^main +Tenant main +SUSPENDED +\d+ +main\.localhost$/m);
    await expect.poll(clients, soon).toBe(403);
    expect((await app.ask('GET', '/api/v1/clients/', { host: 'demo' })).status).toBe(401);
    expect(await json('activate', 'tenant_main')).toMatchObject({
      tenant: 'main',
      subscription_status: 'ACTIVE',
      is_active: true,
    });
    await expect.poll(clients, soon).toBe(200);
  });

  it('activate ends a trial, and brings back what is switched off', async () => {
    await json('set', 'main', '--status', 'TRIAL');
    await withOwner(app.databases.owner, (client) =>
      client.query(`UPDATE public.tenants_tenant SET is_active = false WHERE schema_name = 'tenant_main'`),
    );
    await expect.poll(clients, soon).toBe(403);
    const { stdout } = await leopard(['activate', 'main']);
    expect(stdout).toMatch(/^tenant main is active\n/);
    expect((await json('list'))[0]).toMatchObject({ subscription_status: 'ACTIVE', is_active: true });
    await expect.poll(clients, soon).toBe(200);
  });
});

describe('tenants set', () => {
  it('changes what is given and nothing else', async () => {
    const [before] = await json('list');
    const contact = { contact_email: 'office@main.example', contact_phone: '+977 1 5555' };
    expect(
      await json(
        ...['set', 'main', '--name', ' Main Street '],
        ...['--contact-email', contact.contact_email, '--contact_phone', contact.contact_phone],
      ),
    ).toEqual({ ...before, name: 'Main Street', ...contact });
    expect(await json('set', 'main', '--contact-email', 'none', '--max-users', '70')).toEqual({
      ...before,
      ...contact,
      name: 'Main Street',
      contact_email: null,
      max_users: 70,
    });
    await json('set', 'main', '--name', before.name, '--contact-phone', 'none');
  });

  it('the limit of users counts at once in the running program', async () => {
    const { exitCode, stdout, stderr } = await leopard(['set', 'main', '--max-users', '1']);
    expect([exitCode, stdout.split('\n')[0]]).toEqual([0, 'tenant main is changed']);
    expect(stderr).toMatch(/^warning: \d+ users are active; they stay, and no more can be added$/);
    const body = {
      username: 'one.more',
      email: 'one.more@example.org',
      first_name: 'Pema',
      last_name: 'Lama',
      password: 'zebra-Crossing-42',
      group_name: 'CONSULTANT',
      branch_ids: [1],
    };
    const add = async () => (await app.ask('POST', '/api/v1/users/', { token, body })).body.detail;
    await expect.poll(add, soon).toBe('The limit of 1 active users is reached');
    expect((await leopard(['set', 'main', '--max-users', '50'])).stderr).toBe('');
  });

  it.each([
    [['suspend', 'nobody'], 1, 'there is no tenant with the schema tenant_nobody; see: leopard tenants list'],
    [['activate', 'nobody'], 1, /there is no tenant with the schema tenant_nobody/],
    [['set', 'nobody', '--max-users', '5'], 1, /there is no tenant with the schema tenant_nobody/],
    [['suspend', 'No Body'], 1, /is no tenant's name/],
    [['suspend'], 2, /missing required argument 'tenant'/],
    [['set', 'main'], 2, /^give what to change: --max-users/],
    [['set', 'main', '--json'], 2, /^give what to change/],
    [['set', 'main', '--max-users', '0'], 2, /whole number from 1/],
    [['set', 'main', '--max-users', '2147483648'], 2, /2147483647 at most/],
    [['set', 'main', '--status', 'PAID'], 2, /Allowed choices are TRIAL, ACTIVE, SUSPENDED, CANCELLED/],
    [['set', 'main', '--name', ' '], 1, /needs a name/],
    [['set', 'main', '--name', 'Tenant demo'], 1, /with the name "Tenant demo" already/],
    [['set', 'main', '--contact-email', 'nobody'], 2, /not an e-mail address/],
    [['set', 'main', '--contact-phone', '5'.repeat(21)], 2, /1 to 20 characters/],
  ])('%j is refused and changes nothing', async (args, expected, message) => {
    const before = await json('list');
    const { exitCode, stdout, stderr } = await leopard(args);
    expect([exitCode, stdout]).toEqual([expected, '']);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain('\n');
    expect(await json('list')).toEqual(before);
  });

  it("needs the owner's connection", async () => {
    const { exitCode, stderr } = await leopard(['suspend', 'main'], { DATABASE_OWNER_URL: '' });
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('DB_OWNER_USER')]);
  });
});
