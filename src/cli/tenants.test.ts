import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type CommandOptions, cliSurroundings, runCommand } from '../../test/helpers/cli.js';
import { verifyPassword } from '../auth/passwords.js';
import { withOwner } from '../database/owner.js';

const { database, folder, settings, close } = await cliSurroundings();
afterAll(close);

const leopard = (args: readonly string[], options: CommandOptions = {}) =>
  runCommand(settings, args, options);

async function rows(sql: string, parameters: unknown[] = []) {
  return await withOwner(database.owner, async (client) => (await client.query(sql, parameters)).rows);
}

async function tenantNames(): Promise<string[]> {
  const { stdout } = await leopard(['tenants', 'list', '--json']);
  return JSON.parse(stdout).map(({ tenant }: { tenant: string }) => tenant);
}

describe('catalogue', () => {
  it('is loaded into a tenant that is there, once', async () => {
    const first = await leopard(['catalogue', 'load', 'nz', '--tenant', 'main']);
    expect([first.exitCode, first.stderr]).toEqual([0, '']);
    expect(first.stdout).toMatch(/^main, catalogue nz: \d+ visa categories, .* 2 application types$/);
    const second = await leopard(['catalogue', 'load', '--tenant', 'tenant_main', 'nz']);
    expect(second.stdout).toBe('main, catalogue nz: nothing is added, all of it is there');
    const asJson = await leopard(['catalogue', 'load', 'nz', '--tenant', 'main', '--json']);
    expect(JSON.parse(asJson.stdout)).toMatchObject({ country: 'nz', added: { visa_types: 0 } });
  });

  it('names the countries, and refuses others and unknown tenants', async () => {
    expect((await leopard(['catalogue', 'list'])).stdout).toMatch(/^au +Australia +\d+ /m);
    expect(JSON.parse((await leopard(['catalogue', 'list', '--json'])).stdout)).toHaveLength(5);
    const country = await leopard(['catalogue', 'load', 'fr', '--tenant', 'main']);
    expect(country).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/Allowed choices are au, ca, nz, uk, us/),
    });
    const tenant = await leopard(['catalogue', 'load', 'au', '--tenant', 'nobody']);
    expect([tenant.exitCode, tenant.stderr]).toEqual([
      1,
      'there is no tenant with the schema tenant_nobody; see: leopard tenants list',
    ]);
  });
});

describe('register_tenant', () => {
  it('creates a tenant on trial with its two domains and those given', async () => {
    const { exitCode, stderr, stdout } = await leopard([
      ...['register_tenant', '--name', ' Acme Pty ', '--tenant', 'acme_north'],
      ...['--domain', 'CRM.acme.example', '*.acme.example'],
    ]);
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(stdout).toContain('tenant acme_north is created, on trial');
    expect(stdout).toContain(
      'nobody can log in yet; create its first user: leopard createsuperuser --schema acme_north ',
    );
    const { stdout: list } = await leopard(['tenants', 'list', '--json']);
    expect(JSON.parse(list).at(-1)).toEqual({
      id: expect.any(Number),
      tenant: 'acme_north',
      schema_name: 'tenant_acme_north',
      name: 'Acme Pty',
      subscription_status: 'TRIAL',
      is_active: true,
      trouble: null,
      deleted_at: null,
      purge_at: null,
      cell: null,
      max_users: 50,
      contact_email: null,
      contact_phone: null,
      time_zone: 'UTC',
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      domains: [
        { domain: 'acme-north-immigrate.localhost', is_primary: true },
        { domain: 'acme-north.localhost', is_primary: false },
        { domain: 'crm.acme.example', is_primary: false },
        { domain: '*.acme.example', is_primary: false },
      ],
    });
    expect(await rows('SELECT FROM tenant_acme_north.auth_group')).toHaveLength(4);
  });

  it('makes domains from the settings', async () => {
    const environment = { APP_SUBDOMAIN: 'App', BASE_DOMAIN: 'Example.COM' };
    const args = ['tenants', 'create', '--name', 'Own domains', '--tenant', 'own'];
    const { stdout } = await leopard(args, { environment });
    expect(stdout.split('\n').slice(1, 3)).toEqual(['  own-app.example.com', '  own.example.com']);
  });

  it('creates the first admin: superuser and staff, in no group', async () => {
    const { exitCode, stderr, stdout } = await leopard([
      ...['register-tenant', '--name', 'With admin', '--tenant', 'withadmin'],
      ...['--admin_email', 'boss@agency.example', '--admin-password=admin123'],
    ]);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('its admin logs in as boss@agency.example');
    expect(stderr).toBe('warning: a weak password. This password is too common.');
    const [admin, ...others] = await rows(
      `SELECT u.*, (SELECT count(*)::int FROM tenant_withadmin.immigration_user_groups) AS groups
       FROM tenant_withadmin.immigration_user u`,
    );
    expect(others).toEqual([]);
    expect(admin).toMatchObject({
      username: 'boss@agency.example',
      email: 'boss@agency.example',
      is_superuser: true,
      is_staff: true,
      is_active: true,
      last_login: null,
      groups: 0,
    });
    expect(await verifyPassword('admin123', admin.password)).toBe(true);
  });

  it('gives it status, limit, time zone and a catalogue, and its admin a name', async () => {
    const { exitCode, stderr, stdout } = await leopard([
      ...['register_tenant', '--name', 'Complete', '--tenant', 'complete', '--status', 'ACTIVE'],
      ...['--max-users', '7', '--time-zone', 'australia/sydney', '--catalogue', 'au'],
      ...['--admin-email', 'ann@agency.example', '--admin-password', 'zebra-Crossing-42'],
      ...['--admin-first-name', 'Ann', '--admin-last-name', 'Li'],
    ]);
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(stdout).toContain('tenant complete is created, active; its schema is tenant_complete');
    expect(stdout).toMatch(/^its catalogue \(au\): \d+ visa categories, \d+ visa types, /m);
    const { stdout: list } = await leopard(['tenants', 'list', '--json']);
    expect(JSON.parse(list).at(-1)).toMatchObject({
      subscription_status: 'ACTIVE',
      max_users: 7,
      time_zone: 'Australia/Sydney',
    });
    expect(
      await rows('SELECT first_name, last_name, is_superuser FROM tenant_complete.immigration_user'),
    ).toEqual([{ first_name: 'Ann', last_name: 'Li', is_superuser: true }]);
    expect(
      await rows(`SELECT created_by_id FROM tenant_complete.immigration_course_level WHERE name = 'Diploma'`),
    ).toEqual([{ created_by_id: '1' }]);
  });

  it('takes the password from the environment, and asks for it only at a terminal', async () => {
    const args = ['register_tenant', '--name', 'By env', '--tenant', 'byenv', '--admin-email', 'a@b.example'];
    const missing = await leopard(args);
    expect([missing.exitCode, missing.stderr]).toEqual([
      2,
      'the password is missing; give --admin-password or set LEOPARD_PASSWORD; see: leopard help register_tenant',
    ]);
    const { exitCode } = await leopard(args, { environment: { LEOPARD_PASSWORD: 'zebra-Crossing-42' } });
    expect(exitCode).toBe(0);
    const asked = await leopard(
      ['register_tenant', '--name', 'Asked', '--tenant', 'asked', '--admin-email', 'a@b.example'],
      { answers: ['zebra-Crossing-42', 'zebra-Crossing-42'] },
    );
    expect([asked.exitCode, asked.questions.length]).toEqual([0, 2]);
  });

  it.each([
    [
      ['--name', 'Main again', '--tenant', 'main'],
      1,
      'there is a tenant with the schema "tenant_main" already; choose another short name',
    ],
    [['--name', 'Tenant main', '--tenant', 'other'], 1, /with the name "Tenant main" already/],
    [
      ['--name', 'Other', '--tenant', 'other', '--domain', 'main.localhost'],
      1,
      /with the domain "main.localhost" already/,
    ],
    [['--name', 'Other', '--tenant', 'other', '--domain', 'a b'], 1, /^"a b" is not a domain/],
    [['--name', 'Other', '--tenant', 'other', '--domain', 'c.example:8000'], 1, /is not a domain/],
    [
      ['--name', 'Other', '--tenant', 'other', '--domain', '*.localhost'],
      1,
      /^"\*\.localhost" can answer for no host: wildcards are for hosts of three or more labels/,
    ],
    [['--name', 'Other', '--tenant', 'other', '--domain', 'o.example', '*.EXAMPLE'], 1, /^"\*\.example" can/],
    [['--name', ' ', '--tenant', 'other'], 1, /needs a name/],
    [['--name', 'Other', '--tenant', 'Other'], 1, /^"Other" cannot be a tenant's name/],
    [['--name', 'Other', '--tenant', 'x"; DROP SCHEMA public'], 1, /cannot be a tenant's name/],
    [['--name', 'Other', '--tenant', 'tenant_other'], 1, /without tenant_/],
    [['--name', 'Other', '--tenant', 'o'.repeat(57)], 1, /56 at most/],
    [
      ['--name', 'Other', '--tenant', 'other', '--admin-email', 'nobody', '--admin-password', 'x'],
      1,
      '"nobody" is not an e-mail address',
    ],
    [
      ['--name', 'Other', '--tenant', 'other', '--admin-password', 'x'],
      2,
      /^an admin needs --admin-email; see/,
    ],
    [['--name', 'Other', '--tenant', 'other', '--time-zone', 'Nowhere/Else'], 1, /is no time zone/],
    [['--name', 'Other', '--tenant', 'other', '--catalogue', 'fr'], 2, /Allowed choices are au, ca, nz/],
    [['--name', 'Other', '--tenant', 'other', '--status', 'GONE'], 2, /Allowed choices are TRIAL/],
    [['--name', 'Other', '--tenant', 'other', '--max-users', '0'], 2, /must be a whole number from 1/],
    [['--name', 'Other', '--tenant', 'other', '--admin-last-name', 'x'], 2, /^an admin needs --admin-email/],
    [
      [
        '--name',
        'Other',
        '--tenant',
        'other',
        '--admin-email',
        'a@b.example',
        '--admin-password',
        'x',
      ].concat(['--admin-first-name', 'x'.repeat(151)]),
      1,
      /150 characters at most/,
    ],
    [['--name', 'Other'], 2, /--tenant <tenant>' not specified/],
  ])('refuses %j and leaves nothing behind', async (args, exitCode, message) => {
    const before = await tenantNames();
    const result = await leopard(['register_tenant', ...args]);
    expect([result.exitCode, result.stdout]).toEqual([exitCode, '']);
    expect(result.stderr).toMatch(message);
    expect(result.stderr).not.toContain('\n');
    expect(await tenantNames()).toEqual(before);
    expect(await rows(`SELECT FROM pg_namespace WHERE nspname = 'tenant_other'`)).toEqual([]);
  });

  it('leaves nothing behind when the admin cannot be created', async () => {
    const username = 'a'.repeat(200);
    const { exitCode, stderr } = await leopard([
      ...['register_tenant', '--name', 'Half', '--tenant', 'half'],
      ...[
        '--admin-email',
        'a@b.example',
        '--admin-username',
        username,
        '--admin-password',
        'zebra-Crossing-42',
      ],
    ]);
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('cannot be a username')]);
    expect(await tenantNames()).not.toContain('half');
  });
});

describe('tenants list', () => {
  it('is a table for people', async () => {
    const { exitCode, stdout } = await leopard(['tenants', 'list']);
    const [heading, first] = stdout.split('\n');
    expect(exitCode).toBe(0);
    expect(heading).toMatch(/^TENANT +NAME +STATUS +MAX USERS +DOMAINS$/);
    expect(first).toMatch(/^main +Tenant main +ACTIVE +50 +main\.localhost$/);
  });
});

describe('tenants set-time-zone', () => {
  const set = (tenant: string, zone: string) =>
    leopard(['tenants', 'set-time-zone', '--tenant', tenant, '--zone', zone]);
  const settings = async () =>
    (await rows(`SELECT settings FROM public.tenants_tenant WHERE schema_name = 'tenant_main'`))[0].settings;

  it('sets it, and leaves the other settings', async () => {
    await rows(
      `UPDATE public.tenants_tenant SET settings = '{"other": 1}' WHERE schema_name = 'tenant_main'`,
    );
    const { exitCode, stdout } = await set('main', 'asia/kathmandu');
    expect([exitCode, stdout]).toEqual([0, 'the time zone of main is Asia/Kathmandu']);
    expect(await settings()).toEqual({ other: 1, time_zone: 'Asia/Kathmandu' });
    const { stdout: list } = await leopard(['tenants', 'list', '--json']);
    expect(JSON.parse(list)[0]).toMatchObject({ tenant: 'main', time_zone: 'Asia/Kathmandu' });
  });

  it.each([
    ['main', 'Mars/Olympus', 'is no time zone'],
    ['main', '+05:45', 'is no time zone'],
    ['main', 'posix/Asia/Kathmandu', 'is no time zone'],
    ['main', '', 'is no time zone'],
    ['nobody', 'UTC', 'there is no tenant with the schema tenant_nobody'],
  ])('refuses for %s: "%s"', async (tenant, zone, message) => {
    const before = await settings();
    const { exitCode, stderr } = await set(tenant, zone);
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining(message)]);
    expect(await settings()).toEqual(before);
  });
});

describe('tenants set-deadline-alerts', () => {
  const set = (...days: string[]) => leopard(['tenants', 'set-deadline-alerts', '--tenant', 'main', ...days]);
  const stored = async () =>
    (await rows(`SELECT settings FROM public.tenants_tenant WHERE schema_name = 'tenant_main'`))[0].settings;

  it('sets the intervals that are given, and tells which hold', async () => {
    await rows(
      `UPDATE public.tenants_tenant SET settings = '{"other": 1}' WHERE schema_name = 'tenant_main'`,
    );
    const usual = 'deadline alerts of main: 90, 30, 14, 7, 1 days before and 1, 7 days after';
    expect(await set()).toMatchObject({ exitCode: 0, stdout: usual });
    expect(await stored()).toEqual({ other: 1 });
    const { stdout } = await set('--before', '5, 60,5');
    expect(stdout).toBe('deadline alerts of main: 60, 5 days before and 1, 7 days after');
    expect(await stored()).toEqual({ other: 1, deadline_alert_days: { before: [5, 60], after: [1, 7] } });
    await set('--after', 'none');
    expect(await stored()).toMatchObject({ deadline_alert_days: { before: [5, 60], after: [] } });
    expect((await set('--before', 'none')).stdout).toBe('deadline alerts of main: never');
  });

  it.each([
    [['--before', '7,x'], 'whole numbers apart by commas'],
    [['--before', '-7'], 'whole numbers apart by commas'],
    [['--after', ''], 'whole numbers apart by commas'],
    [['--after', '0'], 'from 1 to 3650'],
    [['--before', '4000'], 'from 0 to 3650'],
    [['--before', Array.from({ length: 21 }, (_, day) => day).join(',')], 'at most 20'],
    [['--after', '1', '--tenant', 'nobody'], 'there is no tenant with the schema tenant_nobody'],
  ])('refuses %j', async (days, message) => {
    const before = await stored();
    const { exitCode, stderr } = await set(...days);
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain(message);
    expect(await stored()).toEqual(before);
  });
});

describe('deregister_tenant', () => {
  const files = (tenant: string) => join(folder, 'media', `tenant_${tenant}`);
  const register = async (tenant: string) => {
    await leopard(['register_tenant', '--name', `To go: ${tenant}`, '--tenant', tenant]);
    mkdirSync(join(files(tenant), 'profile-pictures'), { recursive: true });
    writeFileSync(join(files(tenant), 'profile-pictures', 'a.png'), 'picture');
  };

  it('removes schema, role, domains, row and files, and nothing of others', async () => {
    await register('leaving');
    await register('staying');
    const { exitCode, stdout } = await leopard(['deregister_tenant', '--tenant', 'leaving', '--force']);
    expect([exitCode, stdout]).toEqual([0, 'tenant leaving is removed']);
    expect(await tenantNames()).not.toContain('leaving');
    expect(await rows(`SELECT FROM pg_namespace WHERE nspname = 'tenant_leaving'`)).toEqual([]);
    expect(await rows(`SELECT FROM public.tenants_domain WHERE domain LIKE 'leaving%'`)).toEqual([]);
    expect([existsSync(files('leaving')), existsSync(files('staying'))]).toEqual([false, true]);
    expect(await tenantNames()).toContain('staying');
  });

  it('refuses without a terminal and without --force', async () => {
    const { exitCode, stderr } = await leopard(['tenants', 'delete', '--tenant', 'staying']);
    expect([exitCode, stderr]).toEqual([
      2,
      'removing tenant_staying cannot be undone; there is no terminal for the question, so add --force; see: leopard help tenants delete',
    ]);
    expect(await tenantNames()).toContain('staying');
  });

  it.each(['', 'delete', 'yes'])('at a terminal does nothing for the answer "%s"', async (answer) => {
    const result = await leopard(['deregister_tenant', '--tenant', 'staying'], { answers: [answer] });
    expect([result.exitCode, result.stderr]).toEqual([1, 'nothing was removed']);
    expect(result.questions[0]).toContain('To go: staying (tenant_staying)');
    expect(await tenantNames()).toContain('staying');
  });

  it('at a terminal goes on after DELETE', async () => {
    const args = ['deregister_tenant', '--tenant', 'tenant_staying'];
    expect((await leopard(args, { answers: ['DELETE'] })).exitCode).toBe(0);
    expect(await tenantNames()).not.toContain('staying');
  });

  it('tells that there is no such tenant, without asking', async () => {
    const result = await leopard(['deregister_tenant', '--tenant', 'nobody'], { answers: [] });
    expect([result.exitCode, result.stderr]).toEqual([
      1,
      'there is no tenant with the schema tenant_nobody; see: leopard tenants list',
    ]);
  });
});

it('commands that need the owner say so when it is not set', async () => {
  const withoutOwner = { DATABASE_OWNER_URL: '' };
  for (const args of [
    ['register_tenant', '--name', 'N', '--tenant', 'n'],
    ['deregister_tenant', '--tenant', 'main', '--force'],
    ['migrate'],
    ['create_super_super_admin', '--email', 'a@b.example', '--password', 'zebra-Crossing-42'],
    ['seed', 'demo'],
  ]) {
    const { exitCode, stderr } = await leopard(args, { environment: withoutOwner });
    expect([exitCode, stderr], args.join(' ')).toEqual([1, expect.stringContaining('DB_OWNER_USER')]);
  }
  expect((await leopard(['tenants', 'list'], { environment: withoutOwner })).exitCode).toBe(0);
});
