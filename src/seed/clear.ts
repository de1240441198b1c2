import type { ConnectionSettings } from '../config/config.js';
import type { DatabaseHandle } from '../database/connections.js';
import { withOwner } from '../database/owner.js';
import { checkSchemaName, quoteIdentifier } from '../database/schema-name.js';
import { relationsIn } from '../database/schema-objects.js';
import { inLockingTransaction, type LockWaits, lockTenants } from '../schema/locking.js';
import { TenantNotFoundError } from '../tenancy/new-tenant.js';
import { ownerOf } from './owner-work.js';

/**
 * The tables that are not cleared: what every new tenant starts with; the logs; and what triggers keep in step with other
 * tables.
 */
const KEPT_TABLES = [
  'django_content_type',
  'auth_permission',
  'auth_group',
  'auth_group_permissions',
  'audit_entry',
  'security_event',
  'immigration_client_count',
  'immigration_task_count',
  'unread_count',
  'name_version',
  'table_change',
];

/** Checks that a tenant exists. @throws TenantNotFoundError, InvalidSchemaNameError */
export async function checkTenantExists(owner: ConnectionSettings, schema: string): Promise<void> {
  checkSchemaName(schema);
  const found = await withOwner(owner, (client) =>
    client.query('SELECT FROM public.tenants_tenant WHERE schema_name = $1', [schema]),
  );
  if (found.rowCount === 0) throw new TenantNotFoundError(schema);
}

/**
 * Removes everything in a tenant's tables, including users, except content types, permissions and groups with their
 * grants, and the logs, which record the removal. Ids are not reused, so that an old token never belongs to another
 * user. Files of profile pictures stay.
 * @param waits the limits on waiting for transactions that use the tables
 * @throws TenantNotFoundError, InvalidSchemaNameError, TablesInUseError; PlainError without the owner's settings
 */
export async function clearTenantData(
  handle: Pick<DatabaseHandle, 'owner'>,
  schema: string,
  waits?: LockWaits,
): Promise<void> {
  const owner = ownerOf(handle);
  await checkTenantExists(owner, schema);
  await withOwner(owner, (client) => {
    const clear = async () => {
      const { rows } = await client.query<{ name: string }>(
        `SELECT relname AS name FROM pg_catalog.pg_class
         WHERE oid = ${relationsIn('$1')} AND relkind = 'r' AND relname <> ALL ($2::text[])`,
        [schema, KEPT_TABLES],
      );
      const tables = rows.map(({ name }) => `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`);
      // The tenant's role may neither truncate tables nor remove timeline entries.
      await client.query(`TRUNCATE ${tables.join(', ')}`);
      await client.query('DELETE FROM public.event_queue WHERE schema_name = $1', [schema]);
    };
    return inLockingTransaction(client, schema, clear, { first: () => lockTenants(client, schema), waits });
  });
}
