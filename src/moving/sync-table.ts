import { PART_BYTES } from '../backup/format.js';
import { RowChecksum } from '../backup/row-checksum.js';
import { copyInStatement, copyOutStatement, truncateStatement } from '../backup/tables.js';
import { copyIn, copyOut } from '../database/copy.js';
import { inSnapshot, inTransaction, type OwnerClient } from '../database/owner.js';
import { qualified } from '../database/schema-name.js';
import { PlainError } from '../platform/plain-error.js';
import {
  type Cutoff,
  canCompare,
  copyChanged,
  copyChangedKeys,
  countRows,
  type RowCounts,
  readCutoff,
} from './changed-rows.js';
import { keysWithout, readKeys, removeByKey } from './keys.js';
import type { MovedTable } from './moved-tables.js';

/** The two ends of a move. */
export interface Ends {
  /** A connection to the database that the tenant leaves. */
  readonly from: OwnerClient;
  /** A connection to the database that it moves to. */
  readonly to: OwnerClient;
  readonly schema: string;
  /** See readExpressions. */
  readonly begun: Cutoff;
}

/** Numbers of rows that were written and removed at the other end. */
export interface Written {
  readonly copied: number;
  readonly removed: number;
}

/** The result of copying what changed in a table. */
export interface SyncedTable extends Written {
  /** What to copy from the next time. */
  readonly cutoff: Cutoff;
}

export interface SyncOptions {
  /** The cutoff of the last time; null when the table was never copied. */
  readonly since: Cutoff | null;
  /** Whether all rows of both ends are read again and compared. */
  readonly verify?: boolean;
  readonly onRows?: (rows: number) => void;
  readonly signal?: AbortSignal;
}

/** Thrown when the rows at both ends differ, although what changed was copied. */
export class RowsDifferError extends PlainError {
  override readonly name = 'RowsDifferError';

  constructor(readonly table: string) {
    super(`the rows of ${table} are not the same in both databases`);
  }
}

/**
 * Brings one table at the other end up to the present state of the tenant's own, which goes on working. That state is
 * one snapshot of this table; other tables have others.
 * @throws RowsDifferError; nothing was changed at the other end then
 */
export async function syncTable(
  ends: Ends,
  table: MovedTable,
  { since, verify = false, onRows, signal }: SyncOptions,
): Promise<SyncedTable> {
  const { from, to, schema } = ends;
  // Locked before the snapshot is chosen: a table that was truncated in between would look empty.
  return await inSnapshot(from, [qualified(schema, table.name)], async () => {
    const cutoff = await readCutoff(from);
    const earlier = since !== null && table.key.length > 0 && canCompare(since, cutoff) ? since : null;
    return await inTransaction(to, async () => {
      const report = (rows: number) => {
        signal?.throwIfAborted();
        onRows?.(rows);
      };
      let written: Written;
      if (earlier === null) {
        await to.query(truncateStatement(schema, [table.name]));
        const { rows } = await copyRows(ends, table, null, report);
        written = { copied: rows, removed: 0 };
      } else {
        const [here, there] = await Promise.all([
          countRows(from, schema, [{ table, since: earlier }]),
          countRows(to, schema, [{ table, since: null }]),
        ]);
        const counts = { ...here.get(table.name)!, before: there.get(table.name)!.rows };
        written = await writeChanges(ends, table, earlier, counts, report);
      }
      if (verify) await compare(ends, table);
      return { cutoff, ...written };
    });
  });
}

/**
 * Copies what changed in a table since a state, in transactions that the caller has begun at both ends. Rows that changed
 * or were removed go first, so that no unique value is there twice.
 * @param counts of the table, and of its rows at the other end before
 * @throws RowsDifferError
 */
export async function writeChanges(
  ends: Ends,
  table: MovedTable,
  since: Cutoff,
  counts: RowCounts & { readonly before: number },
  onRows?: (rows: number) => void,
): Promise<Written> {
  const { from, to, schema } = ends;
  let replaced = 0;
  if (counts.changed > 0) {
    for await (const keys of readKeys(from, copyChangedKeys(schema, table, since))) {
      replaced += await removeByKey(to, schema, table, keys);
    }
  }
  const unchanged = counts.before - replaced;
  const surplus = unchanged - (counts.rows - counts.changed);
  if (surplus < 0) throw new RowsDifferError(table.name);
  let removed = 0;
  if (surplus > 0) {
    const gone = await keysWithout({ client: to, rows: unchanged }, { client: from }, schema, table);
    removed = await removeByKey(to, schema, table, gone);
  }
  if (removed !== surplus) throw new RowsDifferError(table.name);
  if (counts.changed === 0) return { copied: 0, removed };
  const { rows, checksum } = await copyRows(ends, table, since, onRows);
  // The rows that this transaction has written are those that were read.
  const written = await checksumOf(to, writtenHere(schema, table));
  if (rows !== counts.changed || written.rows !== rows || written.checksum !== checksum)
    throw new RowsDifferError(table.name);
  return { copied: rows, removed };
}

/** Replaces all rows of a table without a key, in transactions that the caller has begun. @throws RowsDifferError */
export async function replaceRows(ends: Ends, table: MovedTable): Promise<void> {
  const { to, schema } = ends;
  await to.query(`DELETE FROM ${qualified(schema, table.name)}`);
  const { rows, checksum } = await copyRows(ends, table, null);
  const written = await checksumOf(to, copyOutStatement(schema, table));
  if (written.rows !== rows || written.checksum !== checksum) throw new RowsDifferError(table.name);
}

async function copyRows(
  { from, to, schema, begun }: Ends,
  table: MovedTable,
  since: Cutoff | null,
  onRows?: (rows: number) => void,
): Promise<RowChecksum> {
  const sum = new RowChecksum();
  const into = copyInStatement(schema, table);
  const read = copyOut(from, copyChanged(schema, table, since, begun), PART_BYTES, (row) => sum.add(row));
  for await (const rows of read) {
    await copyIn(to, into, rows);
    onRows?.(sum.rows);
  }
  return sum;
}

/** Compares all rows of a table at both ends. @throws RowsDifferError */
async function compare({ from, to, schema, begun }: Ends, table: MovedTable): Promise<void> {
  const [mine, others] = await Promise.all([
    checksumOf(from, copyChanged(schema, table, null, begun)),
    checksumOf(to, copyOutStatement(schema, table)),
  ]);
  if (mine.rows !== others.rows || mine.checksum !== others.checksum) throw new RowsDifferError(table.name);
}

async function checksumOf(client: OwnerClient, statement: string): Promise<RowChecksum> {
  const sum = new RowChecksum();
  for await (const _ of copyOut(client, statement, PART_BYTES, (row) => sum.add(row)));
  return sum;
}

function writtenHere(schema: string, table: MovedTable): string {
  return copyOutStatement(schema, table, {
    condition: 'xmin = pg_catalog.pg_current_xact_id()::pg_catalog.xid',
  });
}
