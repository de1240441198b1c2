import type { OwnerClient } from '../../database/owner.js';

/** The locks that are listed, the strongest first; weaker ones are those of ordinary statements. */
const LOCKS = [
  ['AccessExclusiveLock', 'ACCESS EXCLUSIVE'],
  ['ExclusiveLock', 'EXCLUSIVE'],
  ['ShareRowExclusiveLock', 'SHARE ROW EXCLUSIVE'],
  ['ShareLock', 'SHARE'],
  ['ShareUpdateExclusiveLock', 'SHARE UPDATE EXCLUSIVE'],
] as const;

/** A lock on a table, as PostgreSQL's documentation names it. */
type TableLock = (typeof LOCKS)[number][1];

/** Statements that a lock makes wait until the end of the transaction that holds it. */
export const BLOCKS: Readonly<Record<TableLock, 'reads and writes' | 'writes' | 'schema changes'>> = {
  'ACCESS EXCLUSIVE': 'reads and writes',
  EXCLUSIVE: 'writes',
  'SHARE ROW EXCLUSIVE': 'writes',
  SHARE: 'writes',
  'SHARE UPDATE EXCLUSIVE': 'schema changes',
};

/** The effect of a transaction on a table that existed before it. */
export interface TableEffect {
  readonly schema: string;
  readonly table: string;
  /** The strongest lock; null if it is one of ordinary statements. */
  readonly lock: TableLock | null;
  /** `rewrite`: all rows and indexes are written anew; `index`: an index is built; `scan`: rows are read or changed. */
  readonly work: 'rewrite' | 'index' | 'scan' | null;
}

interface TableState {
  readonly oid: string;
  readonly schema: string;
  readonly table: string;
  /** The number of the table's file, another one once it is rewritten. */
  readonly file: string;
  readonly indexes: readonly string[];
  readonly scans: string;
  readonly lock: string[];
}

// The counters of a transaction may include those of the one before, so they are compared. PostgreSQL counts scans of
// empty tables too.
const STATE = `
  SELECT c.oid, n.nspname AS schema, c.relname AS "table", pg_relation_filenode(c.oid) AS file,
    ARRAY(SELECT i.indexrelid::bigint::text FROM pg_index i WHERE i.indrelid = c.oid) AS indexes,
    coalesce(s.seq_scan, 0) + coalesce(s.idx_scan, 0) AS scans,
    ARRAY(SELECT l.mode FROM pg_locks l WHERE l.locktype = 'relation' AND l.relation = c.oid
      AND l.pid = pg_backend_pid() AND l.granted) AS lock
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_stat_xact_all_tables s ON s.relid = c.oid
  WHERE n.nspname = ANY ($1) AND c.relkind IN ('r', 'p', 'm')
  ORDER BY n.nspname, c.relname`;

/** Reads the state of all tables of these schemas; before and after it, within one transaction, give its effects. */
export async function readTableState(
  client: OwnerClient,
  schemas: readonly string[],
): Promise<readonly TableState[]> {
  const { rows } = await client.query<TableState>(STATE, [schemas]);
  return rows;
}

/** Compares two states of the tables. @returns the tables that others wait for, or whose rows are worked through */
export function tableEffects(before: readonly TableState[], after: readonly TableState[]): TableEffect[] {
  const now = new Map(after.map((state) => [state.oid, state]));
  return before.flatMap((old): TableEffect[] => {
    const { schema, table } = old;
    const state = now.get(old.oid);
    if (!state) return [{ schema, table, lock: 'ACCESS EXCLUSIVE', work: null }]; // it was dropped
    const lock = LOCKS.find(([mode]) => state.lock.includes(mode))?.[1] ?? null;
    const work = workOn(old, state);
    return lock || work ? [{ schema, table, lock, work }] : [];
  });
}

function workOn(old: TableState, state: TableState): TableEffect['work'] {
  if (state.file !== old.file) return 'rewrite';
  if (state.indexes.some((index) => !old.indexes.includes(index))) return 'index';
  return Number(state.scans) > Number(old.scans) ? 'scan' : null;
}
