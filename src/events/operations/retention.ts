import type { Database } from '../../database/database.js';
import { type BatchOptions, inBatches } from '../../database/in-batches.js';
import { statement } from '../../database/statement.js';

/** Days for which completed events are kept. Failed and cancelled ones stay until an operator decides. */
const COMPLETED_KEPT_FOR_DAYS = 7;

/** Both times: the first has an index, the second decides. */
const DELETE_COMPLETED = `
  WITH gone AS (
    DELETE FROM immigration_event WHERE id IN (
      SELECT id FROM immigration_event
      WHERE status = 'COMPLETED' AND created_at < now() - make_interval(days => $1)
        AND coalesce(processed_at, created_at) < now() - make_interval(days => $1)
      LIMIT $2 FOR UPDATE SKIP LOCKED)
    RETURNING id)
  SELECT count(*)::integer AS done FROM gone`;

/** Removes a tenant's events that were completed more than 7 days ago, in batches of 1000. @returns their number */
export async function cleanUpEvents(
  database: Database,
  schema: string,
  options: BatchOptions = {},
): Promise<number> {
  return await inBatches(database, schema, options, async (transaction, limit) => {
    const query = statement<{ done: number }>(DELETE_COMPLETED, [COMPLETED_KEPT_FOR_DAYS, limit]);
    const [row] = await transaction.query(query);
    return row?.done ?? 0;
  });
}
