import type { TenantTransaction } from '../database/tenant-transaction.js';
import { findTenant } from '../tenancy/tenant-list.js';
import type { CliContext } from './context.js';
import { withTables } from './with-tables.js';

/**
 * Runs work in a transaction of one tenant, as the system.
 * @param tenant short name or schema
 * @throws an error if there is no such tenant, and whatever the work throws
 */
export function atTenant<T>(
  context: CliContext,
  tenant: string,
  work: (transaction: TenantTransaction, schema: string) => Promise<T>,
): Promise<T> {
  return withTables(context, async ({ database }) => {
    const { schema } = await findTenant(database, tenant);
    return await database.tenantTransaction({ schema, userId: null }, (transaction) =>
      work(transaction, schema),
    );
  });
}
