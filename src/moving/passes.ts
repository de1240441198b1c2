import type { OwnerClient } from '../database/owner.js';
import { withOwner } from '../database/owner.js';
import type { Cutoff } from './changed-rows.js';
import type { Cutoffs } from './last-changes.js';
import type { MovedTable } from './moved-tables.js';
import { type Ends, RowsDifferError, syncTable } from './sync-table.js';

/** The result of one pass over all tables. */
export interface Pass {
  /** Numbers of rows that were copied or removed. */
  readonly rows: number;
  readonly ms: number;
}

export interface PassOptions {
  readonly cutoffs: Cutoffs;
  /** Tables that are not copied in this pass. */
  readonly without?: (table: MovedTable) => boolean;
  readonly verify?: boolean;
  readonly signal: AbortSignal;
  /** Called after each table. */
  readonly onTable: (table: string, cutoff: Cutoff, tables: number) => Promise<void>;
  /** Called with the number of rows of the pass so far, now and then. */
  readonly onRows?: (rows: number) => void;
}

/** Copies what changed in each table since the last pass, or all of it the first time, while the tenant works. */
export async function runPass(
  ends: Ends,
  tables: readonly MovedTable[],
  { cutoffs, without, verify = false, signal, onTable, onRows }: PassOptions,
): Promise<Pass> {
  const begun = performance.now();
  let [rows, done] = [0, 0];
  for (const table of tables) {
    signal.throwIfAborted();
    if (!without?.(table)) {
      const options = { verify, signal, onRows: (more: number) => onRows?.(rows + more) };
      const since = cutoffs[table.name] ?? null;
      const synced = await syncTable(ends, table, { ...options, since }).catch((error: unknown) => {
        // A server that was replaced by its standby may have lost what was copied: such a table is copied anew, once.
        if (!(error instanceof RowsDifferError) || since === null) throw error;
        return syncTable(ends, table, { ...options, since: null });
      });
      rows += synced.copied + synced.removed;
      await onTable(table.name, synced.cutoff, ++done);
    } else done++;
  }
  return { rows, ms: performance.now() - begun };
}

/** Returns what tells a server from itself after a restart, and from a standby that took its place. */
export async function serverIdentity(client: OwnerClient): Promise<string> {
  const { rows } = await client.query<{ identity: string }>(
    `SELECT concat_ws(' ', pg_catalog.pg_postmaster_start_time(), pg_catalog.inet_server_addr(), pg_catalog.inet_server_port()) AS identity`,
  );
  return rows[0]!.identity;
}

/** Runs `work` on a connection to each end. */
export async function betweenEnds<T>(
  from: Parameters<typeof withOwner>[0],
  to: Parameters<typeof withOwner>[0],
  work: (from: OwnerClient, to: OwnerClient) => Promise<T>,
): Promise<T> {
  return await withOwner(from, (source) => withOwner(to, (target) => work(source, target)));
}
