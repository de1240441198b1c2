import { type RawBuilder, sql } from '../../database/queries.js';

/**
 * Returns a condition that is always true, and writes into the audit log that the acting user has read these records:
 * one entry for all of them, none where there are none. It belongs to the statement that reads, so that nothing is
 * shown without its entry, nor does the entry take a round trip.
 * @param entity as the log's entries name it
 * @param ids a query for the records' ids
 */
export function readsLogged(entity: string, ids: RawBuilder<unknown>): RawBuilder<boolean> {
  return sql`(SELECT audit_read(${entity}::text, ARRAY(${ids})))`;
}
