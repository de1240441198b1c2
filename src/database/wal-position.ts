import { sql } from './sql.js';

/**
 * The SQL for the position in the write-ahead log up to which a standby must have replayed it to show what was committed
 * so far: as text, such as `16/B374D848`. A commit waits until its record is on the disk, unless `synchronous_commit` is
 * off; what others have written behind that is sent to standbys only later, and is not waited for.
 */
export const COMMITTED_POSITION = sql<string>`
  CASE WHEN pg_catalog.current_setting('synchronous_commit') = 'off' THEN pg_catalog.pg_current_wal_insert_lsn()
    ELSE pg_catalog.pg_current_wal_flush_lsn() END`;

/** The query for the position that a standby has replayed; null on a server that is none. */
export const REPLAYED = sql<{ replayed: string | null }>`
  SELECT pg_catalog.pg_last_wal_replay_lsn()::text AS replayed`;

const LOW_HALF = 2 ** 32;

/** Returns a position as a number of bytes, which stays exact for 9 petabytes of log; -1 where there is none. */
export function walPosition(text: string | null | undefined): number {
  if (!text) return -1;
  const [high = '', low = ''] = text.split('/');
  return Number.parseInt(high, 16) * LOW_HALF + Number.parseInt(low, 16);
}
