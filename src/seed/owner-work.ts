import type { ConnectionSettings } from '../config/config.js';
import type { DatabaseHandle } from '../database/connections.js';
import type { TenantTables } from '../database/generated/tables.js';
import { withOwner } from '../database/owner.js';
import { checkSchemaName, quoteIdentifier } from '../database/schema-name.js';
import { PlainError } from '../platform/plain-error.js';

/**
 * Returns the owner's connection settings, which seeding needs to create tenants.
 * @throws PlainError when they are not given
 */
export function ownerOf(handle: Pick<DatabaseHandle, 'owner'>): ConnectionSettings {
  if (handle.owner) return handle.owner;
  throw new PlainError(
    "this needs the database owner's rights; set DB_OWNER_USER and DB_OWNER_PASSWORD (or DATABASE_OWNER_URL)",
  );
}

/** Returns how many tenants the database has. @throws PlainError when it is not migrated */
export async function countTenants(owner: ConnectionSettings): Promise<number> {
  return await withOwner(owner, async (client) => {
    const table = await client.query("SELECT to_regclass('public.tenants_tenant') IS NOT NULL AS there");
    if (!table.rows[0].there) throw new PlainError('the database is not migrated; run: leopard migrate');
    const { rows } = await client.query('SELECT count(*)::integer AS n FROM public.tenants_tenant');
    return rows[0].n;
  });
}

/** Updates the planner's statistics of tables that were filled in bulk, and the visibility map for index-only scans. */
export async function vacuumTables(
  owner: ConnectionSettings,
  schema: string,
  tables: readonly (keyof TenantTables)[],
): Promise<void> {
  const names = tables.map((table) => qualified(schema, table)).join(', ');
  await withOwner(owner, (client) => client.query(`VACUUM (ANALYZE) ${names}`));
}

/** Returns a tenant's table with its schema, quoted. @throws InvalidSchemaNameError */
export function qualified(schema: string, table: keyof TenantTables): string {
  return `${quoteIdentifier(checkSchemaName(schema))}.${quoteIdentifier(table)}`;
}
