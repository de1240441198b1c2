import { sql } from './sql.js';
import type { Statement } from './statement.js';

/**
 * The statements that show, within one transaction, whether the server can write: a record of a few bytes in its log,
 * which COMMIT waits for, and 1 MB of a temporary file, for which the disk must have new room. (An update of a row
 * would reuse room.) Neither needs a privilege, and nothing of them stays.
 */
export const WRITE_PROBE: readonly Statement[] = [
  sql`SELECT pg_catalog.set_config('work_mem', '64kB', true)`, // what is longer than this goes to a file
  sql`SELECT pg_catalog.pg_logical_emit_message(true, 'leopard', '')`,
  sql`
    WITH filler AS MATERIALIZED (SELECT pg_catalog.repeat('leopard ', 2048) FROM pg_catalog.generate_series(1, 64))
    SELECT count(*) FROM filler`,
];
