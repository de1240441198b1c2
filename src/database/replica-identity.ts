import { sql } from './sql.js';

/** The SQL for the identity of a database: equal on a primary and its standbys alone. */
export const IDENTITY = sql<string>`(
  SELECT concat(c.system_identifier, ' ', d.oid) FROM pg_catalog.pg_control_system() c, pg_catalog.pg_database d
  WHERE d.datname = pg_catalog.current_database())`;

/** Returns the reason why a server is no replica of this primary; null if it is one. @param identity the primary's */
export function unfitness(
  replica: { readonly isStandby: boolean; readonly identity: string },
  identity: string,
): string | null {
  if (!replica.isStandby) return 'it is not a standby';
  return replica.identity === identity ? null : 'it follows another server, or is another database';
}
