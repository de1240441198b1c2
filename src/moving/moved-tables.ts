import type { OwnerClient } from '../database/owner.js';
import { quoteIdentifier } from '../database/schema-name.js';
import { relationsIn } from '../database/schema-objects.js';

/** A table that is copied to another database. */
export interface MovedTable {
  readonly name: string;
  /** The columns that are stored, in the table's order. */
  readonly columns: readonly string[];
  /** The columns of the primary key, with their types; empty for a table without one, which is copied as a whole. */
  readonly key: readonly KeyColumn[];
}

interface KeyColumn {
  readonly name: string;
  readonly type: string;
}

/** Returns the tables of a schema, by name. */
export async function readMovedTables(client: OwnerClient, schema: string): Promise<MovedTable[]> {
  const { rows } = await client.query<MovedTable>(
    `SELECT c.relname AS name,
       (SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_catalog.pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '') AS columns,
       coalesce((
         SELECT json_agg(json_build_object('name', a.attname, 'type', pg_catalog.format_type(a.atttypid, a.atttypmod))
                         ORDER BY k.place)
         FROM pg_catalog.pg_index i
         CROSS JOIN unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (number, place)
         JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
         WHERE i.indrelid = c.oid AND i.indisprimary), '[]') AS key
     FROM pg_catalog.pg_class c
     WHERE c.oid = ${relationsIn('$1')} AND c.relkind = 'r'
     ORDER BY c.relname`,
    [schema],
  );
  return rows;
}

/** Returns what the tables of one database have and those of the other have not, for people; empty when they are equal. */
export function differences(here: readonly MovedTable[], there: readonly MovedTable[]): string[] {
  const known = new Map(there.map((table) => [table.name, table]));
  return here.flatMap(({ name, columns }) => {
    const other = known.get(name);
    if (!other) return [name];
    return columns.filter((column) => !other.columns.includes(column)).map((column) => `${name}.${column}`);
  });
}

/**
 * Returns the expressions that read a table's columns. Notifications name the transactions of their server, by which a
 * stream tells late ones from those that its client has seen: the numbers of those before the move mean nothing on
 * another server, and count as seen.
 * @param since the number of the first transaction that was not over when the move began
 */
export function readExpressions({ name, columns }: MovedTable, since: string): string {
  const isNotification = name === NOTIFICATIONS;
  return columns
    .map((column) => {
      const quoted = quoteIdentifier(column);
      const isNumber = isNotification && TRANSACTION_COLUMNS.includes(column);
      if (!isNumber) return quoted;
      return `CASE WHEN inserted_xid >= '${checkTransaction(since)}'::xid8 THEN ${quoted} END AS ${quoted}`;
    })
    .join(', ');
}

export const NOTIFICATIONS = 'immigration_notification';
const TRANSACTION_COLUMNS: readonly string[] = ['inserted_xid', 'inserted_snapshot'];

/** Checks that a text is the number of a transaction, which stands in SQL text. @throws Error */
export function checkTransaction(number: string): string {
  if (!/^\d{1,20}$/.test(number)) throw new Error('not the number of a transaction');
  return number;
}
