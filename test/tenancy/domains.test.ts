import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withOwner } from '../../src/database/owner.js';
import { startTestApp, type TestApp } from '../helpers/app.js';
import { runCommand, settingsFor } from '../helpers/cli.js';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ environment: { ALLOWED_HOSTS: '*' } });
});
afterAll(() => app.close());

const leopard = (...args: string[]) =>
  runCommand({ ...settingsFor(app.databases, app.config.dataDirectory), ALLOWED_HOSTS: '*' }, args);
const domains = (...args: string[]) => leopard('tenants', 'domains', ...args, '--tenant', 'main');
const sql = (text: string) => withOwner(app.databases.admin, (client) => client.query(text));

/** Returns whether a running process takes this for a host of the tenant. */
async function leadsToTenant(host: string): Promise<boolean> {
  const { status } = await app.ask('GET', '/api/public/tenant-info/', { host });
  return status === 200;
}

describe('tenants domains', () => {
  it('adds, lists, makes primary and removes, and running processes hear of it', async () => {
    expect(await leadsToTenant('crm.acme.example')).toBe(false);
    const added = await domains('add', 'CRM.Acme.example.');
    expect(added).toMatchObject({ exitCode: 0, stderr: '' });
    expect(added.stdout.split('\n')).toEqual([
      'crm.acme.example leads to main',
      '  main.localhost  primary',
      '  crm.acme.example',
    ]);
    await expect.poll(() => leadsToTenant('crm.acme.example')).toBe(true);
    expect((await domains('primary', 'crm.acme.example')).stdout).toContain('  crm.acme.example  primary\n');
    expect(await domains('remove', 'crm.acme.example')).toMatchObject({
      exitCode: 1,
      stderr:
        'crm.acme.example is the primary domain of tenant_main; make another one primary first: leopard tenants domains primary DOMAIN --tenant main',
    });
    await domains('primary', 'main.localhost');
    expect((await domains('remove', 'crm.acme.example')).exitCode).toBe(0);
    await expect.poll(() => leadsToTenant('crm.acme.example')).toBe(false);
    expect(JSON.parse((await domains('list', '--json')).stdout)).toEqual([
      { domain: 'main.localhost', is_primary: true },
    ]);
  });

  it('stores names beyond ASCII as browsers ask for them', async () => {
    expect((await domains('add', 'BÜCHER.example')).stdout).toContain('xn--bcher-kva.example leads to main');
    await expect.poll(() => leadsToTenant('xn--bcher-kva.example')).toBe(true);
    expect((await domains('add', '*.bücher.example')).stdout).toContain(
      '*.xn--bcher-kva.example leads to main',
    );
    await expect.poll(() => leadsToTenant('a.xn--bcher-kva.example')).toBe(true);
    expect((await domains('remove', 'bücher.example')).exitCode).toBe(0);
    const args = [
      'tenants',
      'create',
      '--name',
      'Buch',
      '--tenant',
      'buch',
      '--domain',
      'Straße.BÜCHER.example',
    ];
    expect((await leopard(...args)).stdout).toContain('  xn--strae-oqa.xn--bcher-kva.example');
  });

  it.each([
    ['demo.localhost', 'there is a tenant with the domain "demo.localhost" already; choose another domain'],
    ['a b.example', /is not a domain/],
    ['acme.example:8000', /is not a domain/],
    ['*.example', /can answer for no host/],
    ['ü'.repeat(70), /is not a domain/],
  ])('refuses %j', async (domain, stderr) => {
    expect(await domains('add', domain)).toMatchObject({
      exitCode: 1,
      stdout: '',
      stderr: expect.stringMatching(stderr),
    });
  });

  it('refuses what is no domain of the tenant, and a wildcard as the primary one', async () => {
    for (const action of ['remove', 'primary'])
      expect((await domains(action, 'demo.localhost')).stderr).toMatch(
        /^tenant_main has no domain demo.localhost; /,
      );
    expect((await domains('primary', '*.bücher.example')).stderr).toMatch(/stands for many hosts/);
  });

  it('doctor names rows that no host can match; they can be removed as they stand', async () => {
    await sql(`INSERT INTO public.tenants_domain (domain, tenant_id)
      SELECT d, t.id FROM public.tenants_tenant t, unnest(ARRAY['UPPER.example', 'a.example:80', '*.example']) d
      WHERE schema_name = 'tenant_main'`);
    const finding = async () => {
      const { checks } = JSON.parse((await leopard('doctor', '--json')).stdout);
      return checks.find(({ check }: { check: string }) => check === 'domains');
    };
    const { status, text } = await finding();
    expect(status).toBe('warning');
    for (const domain of ['UPPER.example', 'a.example:80', '*.example'])
      expect(text).toContain(`no host can match "${domain}" of tenant_main`);
    for (const domain of ['UPPER.example', 'a.example:80', '*.example'])
      expect((await domains('remove', domain)).exitCode).toBe(0);
    expect((await finding()).status).toBe('ok');
  });
});

describe("a tenant's name", () => {
  const create = (tenant: string) =>
    leopard('tenants', 'create', '--name', tenant.slice(0, 20), '--tenant', tenant);

  it('may be as long as the message says, and works then', async () => {
    const tooLong = await create('a'.repeat(54));
    expect(tooLong).toMatchObject({ exitCode: 1, stdout: '' });
    expect(tooLong.stderr).toContain('53 characters at most');
    const longest = 'b'.repeat(53);
    expect(await create(longest)).toMatchObject({ exitCode: 0, stderr: '' });
    await expect.poll(() => leadsToTenant(`${longest}-immigrate.localhost`)).toBe(true);
    expect((await leopard('tenants', 'delete', '--tenant', longest, '--force')).exitCode).toBe(0);
  });

  it('makes a host name', async () => {
    expect((await create('ends_')).stderr).toMatch(/^"ends_" cannot be a tenant's name: /);
  });
});
