import type { ConnectionSettings } from '../../config/config.js';
import type { DatabaseHandle } from '../../database/connections.js';
import { Database } from '../../database/database.js';
import { withOwner } from '../../database/owner.js';
import { sql } from '../../database/sql.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { PlainError } from '../../platform/plain-error.js';
import { createTenantSchema } from '../../provisioning/tenant-schema.js';
import { TenantExistsError } from '../../tenancy/new-tenant.js';
import { checkTenantExists, clearTenantData } from '../clear.js';
import type { DemoLogin } from '../demo-logins.js';
import { countTenants, ownerOf, vacuumTables } from '../owner-work.js';
import { agencyOf, loginsOf, passwordsOf } from './agencies.js';
import { fillAgency } from './fill.js';
import type { StaffPasswords } from './offices.js';

export { clearTenantData } from '../clear.js';
export { countTenants } from '../owner-work.js';

export interface DemoOptions {
  readonly onProgress?: (text: string) => void;
  /** The middle of the second host name, `main-<appSubdomain>.<baseDomain>`; "immigrate" by default. */
  readonly appSubdomain?: string;
  /** "localhost" by default. */
  readonly baseDomain?: string;
  /** The moment from which all dates count back, in milliseconds since 1970; now by default. */
  readonly now?: number;
}

const SCHEMAS = ['tenant_main', 'tenant_demo'];

/** The key in a tenant's settings until its demonstration data is complete. */
const MARK = 'demo_data';
const LOADING = 'loading';

type State = 'loading' | 'complete';

/**
 * Returns whether a start should load the demonstration data: there is no tenant yet, or the program was stopped while
 * loading.
 */
export async function demoSeedPending(handle: DatabaseHandle): Promise<boolean> {
  const states = await tenantStates(handle.owner ?? handle.app);
  return states.size === 0 || [...states.values()].includes('loading');
}

/**
 * Creates the tenants main and demo and fills them with demonstration data, whose log-ins are DEMO_LOGINS. Interrupted
 * runs are repeated. Takes a second or two.
 * @throws TenantExistsError when there is such a tenant that is not of an interrupted run; PlainError without the
 * owner's settings
 */
export async function seedDemo(handle: DatabaseHandle, options: DemoOptions = {}): Promise<void> {
  const owner = ownerOf(handle);
  await countTenants(owner);
  const states = await tenantStates(owner);
  const resuming = [...states.values()].includes('loading');
  const taken = SCHEMAS.find((schema) => states.get(schema) === 'complete');
  if (taken && !resuming) throw new TenantExistsError('schema', taken);
  // Both first, so that an interrupted run always leaves one that is marked.
  for (const schema of SCHEMAS) {
    if (states.has(schema)) continue;
    options.onProgress?.(`creating the agency ${shortName(schema)}`);
    await createDemoTenant(owner, handle.app.user, schema, options);
  }
  for (const schema of SCHEMAS) {
    if (states.get(schema) === 'complete') continue;
    options.onProgress?.(`filling the agency ${shortName(schema)} with demonstration data`);
    if (states.get(schema) === 'loading') await clearTenantData(handle, schema);
    await fill(handle, owner, schema, passwordsOf(schema), options.now);
    await withOwner(owner, (client) =>
      client.query('UPDATE public.tenants_tenant SET settings = settings - $1::text WHERE schema_name = $2', [
        MARK,
        schema,
      ]),
    );
  }
}

/**
 * Fills one tenant, which must have no data of its own yet (users may exist), with demonstration data. main and demo
 * get their documented passwords, other tenants random ones, which nobody can find out afterwards.
 * @returns the log-ins: the admin, and one user of each other role
 * @throws PlainError when the tenant has data already or does not exist, or without the owner's settings
 */
export async function seedTenantDemo(
  handle: DatabaseHandle,
  schema: string,
  options: Pick<DemoOptions, 'onProgress' | 'now'> = {},
): Promise<readonly DemoLogin[]> {
  const owner = ownerOf(handle);
  await checkTenantExists(owner, schema);
  options.onProgress?.(`filling the agency ${shortName(schema)} with demonstration data`);
  const passwords = passwordsOf(schema);
  await fill(handle, owner, schema, passwords, options.now);
  return loginsOf(schema, agencyOf(schema), passwords);
}

const shortName = (schema: string) => schema.replace(/^tenant_/, '');

async function tenantStates(settings: ConnectionSettings): Promise<Map<string, State>> {
  return await withOwner(settings, async (client) => {
    const { rows } = await client.query<{ schema: string; loading: boolean }>(
      `SELECT schema_name AS schema, coalesce(settings ->> $1 = $2, false) AS loading FROM public.tenants_tenant`,
      [MARK, LOADING],
    );
    return new Map(rows.map(({ schema, loading }) => [schema, loading ? 'loading' : 'complete']));
  });
}

async function createDemoTenant(
  owner: ConnectionSettings,
  appUser: string,
  schema: string,
  { appSubdomain = 'immigrate', baseDomain = 'localhost' }: DemoOptions,
): Promise<void> {
  const agency = agencyOf(schema);
  const name = shortName(schema);
  await createTenantSchema(owner, appUser, {
    schema,
    name: agency.name,
    domains: [
      { domain: `${name}.${baseDomain}`, isPrimary: true },
      { domain: `${name}-${appSubdomain}.${baseDomain}`, isPrimary: false },
    ],
    status: 'ACTIVE',
    contactEmail: `office@${agency.emailDomain}`,
    contactPhone: agency.contactPhone,
    settings: { time_zone: agency.timeZone, [MARK]: LOADING },
  });
}

async function fill(
  handle: DatabaseHandle,
  owner: ConnectionSettings,
  schema: string,
  passwords: StaffPasswords,
  now = Date.now(),
): Promise<void> {
  const database = new Database(handle.app, { size: 1 });
  try {
    await database.tenantTransaction({ schema, userId: null }, async (transaction) => {
      await checkEmpty(transaction, schema, passwords.adminEmail);
      await fillAgency(transaction, agencyOf(schema), passwords, now);
    });
  } catch (error) {
    throw (error as { code?: string }).code === UNIQUE_VIOLATION ? hasData(schema) : error;
  } finally {
    await database.close();
  }
  await vacuumTables(owner, schema, [
    'client_search',
    'immigration_client',
    'immigration_client_count',
    'immigration_clientactivity',
    'immigration_note',
    'immigration_task',
    'immigration_task_count',
    'immigration_user',
    'immigration_visaapplication',
  ]);
}

const UNIQUE_VIOLATION = '23505';

const hasData = (schema: string) =>
  new PlainError(
    `${schema} has data of its own; demonstration data needs an empty tenant (seed_data --clear removes everything)`,
  );

async function checkEmpty(transaction: TenantTransaction, schema: string, adminEmail: string): Promise<void> {
  const [found] = await transaction.query(sql<{ data: boolean }>`
    SELECT EXISTS (SELECT FROM immigration_client) OR EXISTS (SELECT FROM immigration_branch)
        OR EXISTS (SELECT FROM immigration_region) OR EXISTS (SELECT FROM immigration_visacategory)
        OR EXISTS (SELECT FROM immigration_agent) OR EXISTS (SELECT FROM immigration_institute)
        OR EXISTS (SELECT FROM immigration_user WHERE lower(email) = ${adminEmail}) AS data`);
  if (found?.data) throw hasData(schema);
}
