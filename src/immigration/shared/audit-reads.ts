import { type Sql, sql } from '../../database/sql.js';

/**
 * Returns a condition that is always true, and writes to the audit log that the acting user has read these records: one
 * entry for all of them, none if there are none. It is part of the statement that reads, so that nothing is shown
 * without its entry, and the entry takes no round trip.
 * @param entity its name in the log
 * @param ids a query for the records' ids
 */
export function readsLogged(entity: string, ids: Sql): Sql<boolean> {
  return sql`(SELECT audit_read(${entity}::text, ARRAY(${ids})))`;
}
