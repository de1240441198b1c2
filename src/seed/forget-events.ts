import { queries, sql } from '../database/queries.js';
import type { TenantTransaction } from '../database/tenant-transaction.js';

/** Removes the domain events that this transaction made: what is loaded has not just happened. */
export async function forgetEvents(transaction: TenantTransaction): Promise<void> {
  await transaction.query(
    queries.deleteFrom('immigration_event').where('created_at', '>=', sql<string>`now()`),
  );
}
