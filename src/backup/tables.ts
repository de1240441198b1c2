import type { OwnerClient } from '../database/owner.js';
import { qualified, qualifiedList, quotedList, quoteIdentifier } from '../database/schema-name.js';
import { relationsIn } from '../database/schema-objects.js';
import type { BackedUpColumns, BackedUpMigration, BackedUpSequence } from './format.js';

/** The table whose rows say what has changed in this very schema: a copy of the schema has changes of its own. */
const CHANGES_OF_SCHEMA = 'table_change';

/** Returns a schema's tables of data by name, with the columns that are stored, in the table's order. */
export async function readTables(client: OwnerClient, schema: string): Promise<BackedUpColumns[]> {
  const { rows } = await client.query<BackedUpColumns>(
    `SELECT c.relname AS name, array_agg(a.attname::text ORDER BY a.attnum) AS columns
     FROM pg_catalog.pg_class c
     JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
     WHERE c.oid = ${relationsIn('$1')} AND c.relkind = 'r'
       AND c.relname <> $2
     GROUP BY c.relname ORDER BY c.relname`,
    [schema, CHANGES_OF_SCHEMA],
  );
  return rows;
}

/**
 * Returns the sequences of a schema's identity columns that were used, with the last value given. Values are given
 * outside of transactions: read after a snapshot was taken, they are not below any that the snapshot shows.
 */
export async function readSequences(client: OwnerClient, schema: string): Promise<BackedUpSequence[]> {
  const { rows } = await client.query<BackedUpSequence>(
    `SELECT * FROM (
       SELECT c.relname AS table, a.attname AS column, pg_catalog.pg_sequence_last_value(
         pg_catalog.pg_get_serial_sequence(
           pg_catalog.quote_ident($1) || '.' || pg_catalog.quote_ident(c.relname), a.attname
         )::pg_catalog.regclass)::text AS "lastValue"
       FROM pg_catalog.pg_class c
       JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attidentity <> ''
       WHERE c.oid = ${relationsIn('$1')} AND c.relkind = 'r'
     ) s WHERE "lastValue" IS NOT NULL ORDER BY 1, 2`,
    [schema],
  );
  return rows;
}

/** Sets the sequences of a schema's identity columns. */
export async function setSequences(
  client: OwnerClient,
  schema: string,
  sequences: readonly BackedUpSequence[],
): Promise<void> {
  for (const { table, column, lastValue } of sequences) {
    await client.query(
      `SELECT pg_catalog.setval(pg_catalog.pg_get_serial_sequence($1, $2)::pg_catalog.regclass, $3::bigint)`,
      [qualified(schema, table), column, lastValue],
    );
  }
}

/** Returns the ledger's rows of a scope: `shared` or a tenant's schema. */
export async function readLedger(client: OwnerClient, scope: string): Promise<BackedUpMigration[]> {
  const { rows } = await client.query<BackedUpMigration>(
    `SELECT number, name, checksum, coalesce((to_jsonb(l) ->> 'is_skipped')::boolean, false) AS "isSkipped"
     FROM public.migration_ledger l WHERE scope = $1 ORDER BY number`,
    [scope],
  );
  return rows;
}

/** The rows of a table that are read, and how. All texts are SQL in which the table is named `t`. */
export interface RowSelection {
  /** The rows to read; all when not given. */
  readonly condition?: string | undefined;
  /** Returns the value that is read in place of a column, such as one without people's data. */
  readonly valueFor?: ((column: string) => string) | undefined;
  /** Expressions that the rows are ordered by; as they come when not given. */
  readonly order?: readonly string[] | undefined;
}

/** Returns the statement that reads a table's rows. */
export function copyOutStatement(
  schema: string,
  { name, columns }: BackedUpColumns,
  selection: RowSelection = {},
): string {
  const { condition = 'true', valueFor = quoteIdentifier, order = [] } = selection;
  // Whole tables are read without a plan, for which each of their indexes would be locked until the snapshot ends.
  if (selection.condition === undefined && selection.valueFor === undefined && order.length === 0)
    return `COPY ${qualified(schema, name)} (${columns.map(quoteIdentifier).join(', ')}) TO STDOUT`;
  const listed = columns.map(valueFor).join(', ');
  const ordered = order.length > 0 ? ` ORDER BY ${order.join(', ')}` : '';
  return `COPY (SELECT ${listed} FROM ${qualified(schema, name)} t WHERE ${condition}${ordered}) TO STDOUT`;
}

/**
 * Returns an order of each table's rows that is the same at each reading: that of its primary key, or of the rows' text
 * where it has none.
 */
export async function readOrders(client: OwnerClient, schema: string): Promise<Map<string, string[]>> {
  const { rows } = await client.query<{ name: string; keys: string[] | null }>(
    `SELECT c.relname AS name, (
       SELECT array_agg(a.attname::text ORDER BY k.place)
       FROM pg_catalog.pg_index i, unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (number, place), pg_catalog.pg_attribute a
       WHERE i.indrelid = c.oid AND i.indisprimary AND a.attrelid = c.oid AND a.attnum = k.number
     ) AS keys
     FROM pg_catalog.pg_class c
     WHERE c.oid = ${relationsIn('$1')} AND c.relkind = 'r'`,
    [schema],
  );
  return new Map(
    rows.map(({ name, keys }) => [name, keys?.map(quoteIdentifier) ?? ['(t.*)::text COLLATE "C"']]),
  );
}

/** Returns the statement that adds rows to a table. */
export function copyInStatement(schema: string, { name, columns }: BackedUpColumns): string {
  return `COPY ${qualified(schema, name)} (${quotedList(columns)}) FROM STDIN`;
}

/** Returns the statement that empties tables. */
export function truncateStatement(schema: string, tables: readonly string[]): string {
  return `TRUNCATE ${qualifiedList(schema, tables)}`;
}

/** Returns the statement that adds foreign keys to a table. @param keys with definitions as PostgreSQL prints them */
export function addKeysStatement(
  schema: string,
  table: string,
  keys: readonly { readonly name: string; readonly definition: string }[],
): string {
  const adds = keys.map(({ name, definition }) => `ADD CONSTRAINT ${quoteIdentifier(name)} ${definition}`);
  return `ALTER TABLE ${qualified(schema, table)} ${adds.join(', ')}`;
}
