import type { Database } from '../database/database.js';
import { type BatchOptions, inBatches } from '../database/in-batches.js';
import { statement } from '../database/statement.js';

/** Days for which ended deliveries are kept: sent or cancelled ones, and failed ones, which may still be sent again. */
const ENDED_KEPT_FOR_DAYS = 30;
const FAILED_KEPT_FOR_DAYS = 90;

const DELETE_OLD = `
  WITH gone AS (
    DELETE FROM delivery WHERE id IN (
      SELECT id FROM delivery
      WHERE (status IN ('SENT', 'CANCELLED') AND created_at < now() - make_interval(days => $1))
         OR (status IN ('FAILED', 'HELD') AND created_at < now() - make_interval(days => $2))
      LIMIT $3 FOR UPDATE SKIP LOCKED)
    RETURNING id)
  SELECT count(*)::integer AS done FROM gone`;

/**
 * Removes a tenant's deliveries that ended long ago, with the logs of their attempts, in batches of 1000.
 * @returns their number
 */
export async function cleanUpDeliveries(
  database: Database,
  schema: string,
  options: BatchOptions = {},
): Promise<number> {
  return await inBatches(database, schema, options, async (transaction, limit) => {
    const query = statement<{ done: number }>(DELETE_OLD, [ENDED_KEPT_FOR_DAYS, FAILED_KEPT_FOR_DAYS, limit]);
    const [row] = await transaction.query(query);
    return row?.done ?? 0;
  });
}
