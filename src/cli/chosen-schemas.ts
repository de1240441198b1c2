import type { Database } from '../database/database.js';
import { findTenant, listTenants } from '../tenancy/tenant-list.js';
import type { CliContext } from './context.js';

/**
 * Returns the schemas of the tenants that a command works on: the named one, or all except those whose schema is
 * broken, about which it warns.
 * @throws TenantNotFoundError; PlainError for a text that names none
 */
export async function chosenSchemas(
  context: CliContext,
  database: Database,
  tenant: string | undefined,
): Promise<string[]> {
  if (tenant !== undefined) return [(await findTenant(database, tenant)).schema];
  const all = await listTenants(database);
  for (const { schema, trouble } of all)
    if (trouble !== null) context.warn(`${schema} is left out: ${trouble}; see: leopard doctor`);
  return all.filter(({ trouble }) => trouble === null).map(({ schema }) => schema);
}
