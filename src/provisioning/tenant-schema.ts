import type { ConnectionSettings } from '../config/config.js';
import { readMigrations } from '../database/migration-files.js';
import { inTransaction, type OwnerClient, withOwner } from '../database/owner.js';
import { LOG_UNCOMPRESSED, logUncompressed } from '../database/plain-log.js';
import { dropTenantRole, ensureTenantRole, schemaRightsSql } from '../database/roles.js';
import { checkSchemaName, quoteIdentifier } from '../database/schema-name.js';
import { installCapture } from '../events/capture/install.js';
import { PlainError } from '../platform/plain-error.js';
import { noteIncarnation } from '../schema/incarnation.js';
import { inLockingTransaction, type LockWaits, lockTenants } from '../schema/locking.js';
import { captureFor, recordMigrations, type TenantMigrateOptions } from '../schema/migrator.js';
import { readSnapshot } from '../schema/tenant-snapshot.js';
import {
  type CreatedTenant,
  checkNewTenant,
  type NewTenant,
  TenantExistsError,
  TenantNotFoundError,
} from '../tenancy/new-tenant.js';

export interface TenantSchemaOptions extends TenantMigrateOptions {
  /** Adds to a new tenant's reference rows, in the same transaction, with its schema as search path. */
  readonly fill?: (client: OwnerClient) => Promise<void>;
  /** The id of its row, where the catalogue is another database; the next one when not given. */
  readonly id?: string | null;
}

interface DatabaseError extends Error {
  readonly code?: string;
  readonly constraint?: string;
  readonly detail?: string;
}

const DUPLICATE_SCHEMA = '42P06';
const UNDEFINED_TABLE = '42P01';

/**
 * Creates a tenant's row and domains, schema, role, tables, reference rows, capture of events and ledger, all in one
 * transaction.
 * @param appUser the program's role, which may assume the tenant's
 * @throws TenantExistsError, InvalidTenantError, InvalidSchemaNameError; nothing is left behind then
 */
export async function createTenantSchema(
  owner: ConnectionSettings,
  appUser: string,
  tenant: NewTenant,
  options: TenantSchemaOptions = {},
): Promise<CreatedTenant> {
  return await withOwner(owner, (client) =>
    inTransaction(client, () => createTenantSchemaOn(client, appUser, tenant, options)),
  );
}

/** Creates a tenant as createTenantSchema, in the caller's transaction. @throws as createTenantSchema */
export async function createTenantSchemaOn(
  client: OwnerClient,
  appUser: string,
  wanted: NewTenant,
  options: TenantSchemaOptions = {},
): Promise<CreatedTenant> {
  const tenant = checkNewTenant(wanted);
  const { files = readMigrations(), fill, id: givenId = null } = options;
  const capture = captureFor(options);
  const schema = quoteIdentifier(checkSchemaName(tenant.schema));
  try {
    // Several tenants may be created at once, but none while a migration changes what they are created from.
    await lockTenants(client, tenant.schema);
    const id = await insertTenant(client, tenant, givenId);
    await ensureTenantRole(client, tenant.schema, appUser);
    const rights = schemaRightsSql(tenant.schema);
    await client.query(
      `${LOG_UNCOMPRESSED}; CREATE SCHEMA ${schema}; ${rights} SET LOCAL search_path TO ${schema}, pg_temp`,
    );
    const script = readSnapshot(files.tenant);
    for (const sql of script ? [script] : files.tenant.map((migration) => migration.sql))
      await client.query(sql);
    await recordMigrations(client, tenant.schema, files.tenant);
    await noteIncarnation(client, tenant.schema);
    if (capture) await installCapture(client, tenant.schema, capture, true);
    await fill?.(client);
    return {
      id,
      schema: tenant.schema,
      name: tenant.name,
      domains: tenant.domains.map(({ domain }) => domain),
    };
  } catch (error) {
    throw understandable(error as DatabaseError, tenant);
  }
}

async function insertTenant(client: OwnerClient, tenant: NewTenant, given: string | null): Promise<number> {
  const { rows } = await client.query<{ id: string }>(
    `INSERT INTO public.tenants_tenant
       (schema_name, name, subscription_status, contact_email, contact_phone, settings, max_users, id)
     VALUES ($1, $2, $3, $4, $5, $6, $7, coalesce($8, nextval(pg_get_serial_sequence('public.tenants_tenant', 'id'))))
     RETURNING id`,
    [
      tenant.schema,
      tenant.name,
      tenant.status ?? 'TRIAL',
      tenant.contactEmail ?? null,
      tenant.contactPhone ?? null,
      JSON.stringify(tenant.settings ?? {}),
      tenant.maxUsers ?? 50,
      given,
    ],
  );
  const id = Number(rows[0]!.id);
  await client.query(
    `INSERT INTO public.tenants_domain (domain, is_primary, tenant_id)
     SELECT domain, is_primary, $3 FROM unnest($1::text[], $2::boolean[]) AS d (domain, is_primary)`,
    [tenant.domains.map(({ domain }) => domain), tenant.domains.map(({ isPrimary }) => isPrimary), id],
  );
  return id;
}

function understandable(error: DatabaseError, tenant: NewTenant): Error {
  if (error.code === DUPLICATE_SCHEMA || error.constraint === 'tenants_tenant_schema_name_key') {
    return new TenantExistsError('schema', tenant.schema);
  }
  if (error.constraint === 'tenants_tenant_name_key') return new TenantExistsError('name', tenant.name);
  if (error.constraint === 'tenants_domain_domain_key') {
    const domain = /\(domain\)=\((.*?)\)/.exec(error.detail ?? '')?.[1];
    return new TenantExistsError('domain', domain ?? tenant.domains.map((entry) => entry.domain).join(', '));
  }
  if (error.code === UNDEFINED_TABLE && error.message.includes('public.')) {
    return new PlainError('the database is not migrated; run: leopard migrate', { cause: error });
  }
  return error;
}

/**
 * Drops a tenant's schema with everything in it, its domains, row and ledger, and its role unless another database of
 * the server needs it.
 * @param waits the limits on waiting for transactions that use the tenant's tables
 * @throws TenantNotFoundError, InvalidSchemaNameError, TablesInUseError; nothing is changed then
 */
export async function dropTenantSchema(
  owner: ConnectionSettings,
  schema: string,
  waits?: LockWaits,
): Promise<void> {
  const name = quoteIdentifier(checkSchemaName(schema));
  await withOwner(owner, (client) => {
    const first = () => lockTenants(client, schema);
    const remove = async () => {
      await logUncompressed(client);
      const { rowCount } = await client.query('DELETE FROM public.tenants_tenant WHERE schema_name = $1', [
        schema,
      ]);
      if (rowCount === 0) throw new TenantNotFoundError(schema);
      await client.query('DELETE FROM public.migration_ledger WHERE scope = $1', [schema]);
      await client.query(`DROP SCHEMA IF EXISTS ${name} CASCADE`);
      await dropTenantRole(client, schema);
    };
    return inLockingTransaction(client, schema, remove, { first, waits });
  });
}
