import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type MigrationFiles, readMigrations } from '../../src/database/migration-files.js';
import { withOwner } from '../../src/database/owner.js';
import { createTenantSchema, dropTenantSchema } from '../../src/provisioning/tenant-schema.js';
import { readSnapshot } from '../../src/schema/tenant-snapshot.js';
import type { NewTenant } from '../../src/tenancy/new-tenant.js';

import { addedPermissions } from '../contract/additions.js';

import { type TestDatabase, type TestDatabaseOptions, testDatabase } from '../helpers/database.js';

const files = readMigrations();
let databases: TestDatabase[] = [];
let database: TestDatabase;

beforeEach(async () => {
  database = await fresh();
});

afterEach(async () => {
  for (const one of databases) {
    await removeRoles(one);
    await one.drop();
  }
  databases = [];
});

async function fresh(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const made = await testDatabase(options);
  databases.push(made);
  return made;
}

/** Drops roles, which outlive the database; those of main and demo belong to every test. */
async function removeRoles(on: TestDatabase): Promise<void> {
  const rows = await query<{ schema: string }>(
    `SELECT nspname AS schema FROM pg_namespace WHERE nspname ~ '^tenant_' AND nspname NOT IN ('tenant_main', 'tenant_demo')`,
    [],
    on,
  );
  for (const { schema } of rows) await dropTenantSchema(on.owner, schema).catch(() => undefined);
}

function query<Row>(sql: string, values: unknown[] = [], on = database): Promise<Row[]> {
  return withOwner(on.owner, async (client) => (await client.query(sql, values)).rows);
}

/** Returns a tenant whose name no other test file uses, since roles belong to the whole server. */
function tenant(name: string, more: Partial<NewTenant> = {}): NewTenant {
  const domains = [{ domain: `${name}.localhost`, isPrimary: true }];
  return { schema: `tenant_provisioned_${name}`, name: `Tenant ${name}`, domains, ...more };
}

const create = (wanted: NewTenant, on = database, given: MigrationFiles = files) =>
  createTenantSchema(on.owner, on.app.user, wanted, { files: given });

describe('createTenant', () => {
  it('makes a tenant that the program can use at once', async () => {
    const made = await create(
      tenant('new', {
        domains: [
          { domain: 'New.localhost', isPrimary: true },
          { domain: '*.new.example.com', isPrimary: false },
        ],
        status: 'ACTIVE',
        contactEmail: 'office@example.com',
        settings: { time_zone: 'Asia/Kathmandu' },
      }),
    );
    expect(made).toEqual({
      id: 3,
      schema: 'tenant_provisioned_new',
      name: 'Tenant new',
      domains: ['new.localhost', '*.new.example.com'],
    });
    const [row] = await query('SELECT * FROM public.tenants_tenant WHERE id = 3');
    expect(row).toMatchObject({
      subscription_status: 'ACTIVE',
      is_active: true,
      settings: { time_zone: 'Asia/Kathmandu' },
      max_users: 50,
      contact_email: 'office@example.com',
      contact_phone: null,
    });
    const domains = await query(
      'SELECT domain, is_primary FROM public.tenants_domain WHERE tenant_id = 3 ORDER BY id',
    );
    expect(domains).toEqual([
      { domain: 'new.localhost', is_primary: true },
      { domain: '*.new.example.com', is_primary: false },
    ]);
    await withOwner(database.app, async (client) => {
      await client.query('SET ROLE tenant_provisioned_new; SET search_path TO tenant_provisioned_new');
      const { rows } = await client.query('SELECT count(*)::integer AS n FROM auth_permission');
      expect(rows[0].n).toBe(142 + addedPermissions().length);
      await client.query("INSERT INTO immigration_client (first_name) VALUES ('Ada')");
    });
  });

  it('is on trial when nothing is said', async () => {
    const { id } = await create(tenant('trial'));
    const [row] = await query('SELECT subscription_status FROM public.tenants_tenant WHERE id = $1', [id]);
    expect(row).toEqual({ subscription_status: 'TRIAL' });
  });

  it('uses the prepared script, in about a dozen statements', async () => {
    expect(readSnapshot(files.tenant), 'run: npm run generate').not.toBeNull();
    const prototype = await withOwner(database.owner, async (client) => Object.getPrototypeOf(client));
    const sent = vi.spyOn(prototype, 'query');
    const start = performance.now();
    await create(tenant('quick'));
    const milliseconds = performance.now() - start;
    const { length } = sent.mock.calls;
    sent.mockRestore();
    expect(length).toBeLessThanOrEqual(14);
    // 250 ms on an idle machine, as the benchmark measures; this only detects large regressions.
    expect(milliseconds).toBeLessThan(5_000);
  });

  it('replays the migrations where the prepared script is out of date', async () => {
    const extra = {
      ...files.tenant[0]!,
      number: files.tenant.length + 1,
      name: 'extra',
      sql: 'CREATE TABLE extra ()',
    };
    const newer = { ...files, tenant: [...files.tenant, extra] };
    expect(readSnapshot(newer.tenant)).toBeNull();
    const { schema } = await create(tenant('newer'), database, newer);
    const [found] = await query(
      `SELECT to_regclass($1 || '.extra') IS NOT NULL AS extra, to_regclass($1 || '.immigration_client') IS NOT NULL AS client,
              (SELECT count(*) FROM public.migration_ledger WHERE scope = $1)::integer AS applied`,
      [schema],
    );
    expect(found).toEqual({ extra: true, client: true, applied: files.tenant.length + 1 });
  });

  it.each([
    ['schema', tenant('other', { schema: 'tenant_demo' }), 'tenant_demo'],
    ['name', tenant('other', { name: ' Tenant demo ' }), 'Tenant demo'],
    [
      'domain',
      tenant('other', { domains: [{ domain: 'DEMO.localhost', isPrimary: true }] }),
      'demo.localhost',
    ],
  ])('refuses a %s that is taken, and leaves nothing behind', async (what, wanted, value) => {
    await expect(create(wanted)).rejects.toMatchObject({ name: 'TenantExistsError', what, value });
    const [left] = await query(
      `SELECT to_regrole('tenant_provisioned_other') AS role, to_regnamespace('tenant_provisioned_other') AS schema,
              (SELECT count(*) FROM public.tenants_tenant)::integer AS tenants`,
    );
    expect(left).toEqual({ role: null, schema: null, tenants: 2 });
  });

  it('refuses a schema that is there without being a tenant', async () => {
    await query('CREATE SCHEMA tenant_provisioned_old');
    await expect(create(tenant('old'))).rejects.toMatchObject({ what: 'schema' });
    await query('DROP SCHEMA tenant_provisioned_old');
  });

  it.each([
    tenant('bad', { schema: 'public' }),
    tenant('bad', { schema: 'tenant_Bad' }),
    tenant('bad', { name: ' ' }),
    tenant('bad', { domains: [{ domain: 'with:8000', isPrimary: true }] }),
    tenant('bad', { domains: [{ domain: '*', isPrimary: true }] }),
    tenant('bad', { domains: ['a.b', 'c.d'].map((domain) => ({ domain, isPrimary: true })) }),
  ])('refuses what cannot be a tenant: %o', async (wanted) => {
    await expect(create(wanted)).rejects.toThrow(/not the schema|needs a name|is not a domain|one primary/);
  });

  it('lets one of two win who create the same tenant at once', async () => {
    const results = await Promise.allSettled([create(tenant('twice')), create(tenant('twice'))]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const [refused] = results.filter((result) => result.status === 'rejected');
    expect(refused?.reason).toMatchObject({ name: 'TenantExistsError', what: 'schema' });
  });

  it('creates different tenants at once', async () => {
    const made = await Promise.all(['a', 'b', 'c', 'd'].map((name) => create(tenant(`together_${name}`))));
    expect(new Set(made.map(({ id }) => id)).size).toBe(4);
  });

  it('works without pg_trgm, with an index less', async () => {
    await withOwner(database.admin, (client) => client.query('DROP EXTENSION pg_trgm CASCADE'));
    const { schema } = await create(tenant('plain'));
    const [index] = await query(`SELECT to_regclass($1 || '.client_search_trgm') AS trgm`, [schema]);
    expect(index).toEqual({ trgm: null });
  });

  it('says so when the database is not migrated', async () => {
    const empty = await fresh({ from: 'empty' });
    await expect(create(tenant('early'), empty)).rejects.toThrow('run: leopard migrate');
  });
});

describe('deleteTenant', () => {
  it('removes everything, and the name is free again', async () => {
    const wanted = tenant('gone');
    await create(wanted);
    await dropTenantSchema(database.owner, wanted.schema);
    const [left] = await query(
      `SELECT to_regrole($1) AS role, to_regnamespace($1) AS schema,
              (SELECT count(*) FROM public.tenants_domain)::integer AS domains,
              (SELECT count(*) FROM public.migration_ledger WHERE scope = $1)::integer AS applied`,
      [wanted.schema],
    );
    expect(left).toEqual({ role: null, schema: null, domains: 2, applied: 0 });
    await create(wanted);
  });

  it('refuses a tenant that is not there', async () => {
    await expect(dropTenantSchema(database.owner, 'tenant_none')).rejects.toMatchObject({
      name: 'TenantNotFoundError',
    });
  });

  it('keeps the role while another database of the server needs it', async () => {
    const other = await fresh();
    const wanted = tenant('shared');
    await Promise.all([create(wanted), create(wanted, other)]);
    await dropTenantSchema(database.owner, wanted.schema);
    const role = () => query<{ role: string | null }>(`SELECT to_regrole($1)::text AS role`, [wanted.schema]);
    expect(await role()).toEqual([{ role: wanted.schema }]);
    await withOwner(other.app, async (client) => {
      await client.query(`SET ROLE ${wanted.schema}; SELECT FROM ${wanted.schema}.immigration_client`);
    });
    await dropTenantSchema(other.owner, wanted.schema);
    expect(await role()).toEqual([{ role: null }]);
  });
});
