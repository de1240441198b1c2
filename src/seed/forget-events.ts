import { sql } from '../database/sql.js';
import type { TenantTransaction } from '../database/tenant-transaction.js';

/**
 * Removes the domain events that this transaction has made, from the queue too: loaded data has not just happened. They
 * bear the transaction's own time.
 */
export async function forgetEvents(transaction: TenantTransaction): Promise<void> {
  await transaction.query(sql`
    WITH forgotten AS (DELETE FROM immigration_event WHERE created_at = now() RETURNING id)
    SELECT public.finish_events(ARRAY(SELECT id FROM forgotten))`);
}
