import type { OwnerClient } from '../database/owner.js';
import { qualified, quotedList } from '../database/schema-name.js';
import { checkTransaction, type MovedTable, readExpressions } from './moved-tables.js';

/**
 * A number that tells the rows of a table that may have changed since a state of the database was read.
 *
 * Each row names the transaction that wrote it (xmin). All transactions before the oldest one that was under way at
 * that moment had ended, so what they wrote had been read. Rows of that one and of all later ones are taken again: more
 * than have changed, never fewer. It does not matter whether a row was written in a subtransaction, whose number is
 * higher than that of its transaction, nor whether it was frozen since, which keeps the number. Numbers go round after
 * 2^32: they are compared by age, and a row that is as old as that may be taken again for nothing.
 */
export type Cutoff = string;

/** Numbers of transactions that are farther apart cannot be compared; the table is then read as a whole. */
const LONGEST_AGE = 2n ** 31n - 10_000_000n;

/** Returns the cutoff of the state that a transaction reads, to be used for the next reading. */
export async function readCutoff(client: OwnerClient): Promise<Cutoff> {
  const { rows } = await client.query<{ cutoff: string }>(
    'SELECT pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())::text AS cutoff',
  );
  return rows[0]!.cutoff;
}

/** Returns whether the rows changed between two cutoffs can be told from the others. */
export function canCompare(earlier: Cutoff, now: Cutoff): boolean {
  const apart = BigInt(now) - BigInt(earlier);
  return apart >= 0n && apart < LONGEST_AGE;
}

/** Returns the condition on the rows that may have changed. @param since null for all rows */
function changedSince(since: Cutoff | null): string {
  if (since === null) return 'true';
  const number = BigInt(checkTransaction(since)) & 0xffff_ffffn;
  return `pg_catalog.age(xmin) <= pg_catalog.age('${number}'::pg_catalog.xid)`;
}

/** Returns the statement that reads the rows that may have changed. @param begun see readExpressions */
export function copyChanged(schema: string, table: MovedTable, since: Cutoff | null, begun: string): string {
  return `COPY (SELECT ${readExpressions(table, begun)} FROM ${qualified(schema, table.name)} WHERE ${changedSince(since)}) TO STDOUT`;
}

/** Returns the statement that reads the keys of the rows that may have changed. */
export function copyChangedKeys(schema: string, table: MovedTable, since: Cutoff | null): string {
  return `COPY (SELECT ${keyList(table)} FROM ${qualified(schema, table.name)} WHERE ${changedSince(since)}) TO STDOUT`;
}

/** Returns a table's key for SQL text. */
export function keyList({ key }: MovedTable): string {
  return quotedList(key.map(({ name }) => name));
}

/** Numbers of rows of a table: all, and those that may have changed. */
export interface RowCounts {
  readonly rows: number;
  readonly changed: number;
}

/** Counts the rows of all these tables in one statement. */
export async function countRows(
  client: OwnerClient,
  schema: string,
  tables: readonly { readonly table: MovedTable; readonly since: Cutoff | null }[],
): Promise<Map<string, RowCounts>> {
  if (tables.length === 0) return new Map();
  const each = tables.map(
    ({ table, since }, index) =>
      `SELECT ${index} AS n, count(*)::float8 AS rows, (count(*) FILTER (WHERE ${changedSince(since)}))::float8 AS changed FROM ${qualified(schema, table.name)}`,
  );
  const { rows } = await client.query<RowCounts & { n: number }>(each.join('\nUNION ALL '));
  return new Map(rows.map(({ n, ...counts }) => [tables[n]!.table.name, counts]));
}
