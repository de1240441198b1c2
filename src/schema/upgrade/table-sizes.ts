import type { OwnerClient } from '../../database/owner.js';

/** The sizes of the tables of one name in several schemas, in bytes. */
export interface TableSizes {
  /** Rows, and rows with indexes, of all schemas. */
  readonly rows: number;
  readonly whole: number;
  /** The same of the largest schema. */
  readonly largestRows: number;
  readonly largestWhole: number;
}

const BYTES = (rows: string, whole: string) => `
  SELECT c.relname AS "table", sum(${rows})::float8 AS rows, sum(${whole})::float8 AS whole,
    max(${rows})::float8 AS "largestRows", max(${whole})::float8 AS "largestWhole"
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = ANY ($1) AND c.relname = ANY ($2) AND c.relkind = 'r'
  GROUP BY c.relname`;

const MEASURED = BYTES('pg_table_size(c.oid)', 'pg_total_relation_size(c.oid)');
/** The sizes at the last VACUUM or ANALYZE: takes no locks. */
const ESTIMATED = BYTES(
  'greatest(c.relpages, 0) * 8192::bigint',
  `(greatest(c.relpages, 0) + (SELECT coalesce(sum(x.relpages), 0) FROM pg_catalog.pg_index i
    JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid WHERE i.indrelid = c.oid)) * 8192::bigint`,
);

/**
 * Returns the sizes of these tables, by name. Measuring waits a moment for a table that is locked just now; then the
 * estimates of PostgreSQL's statistics are taken.
 */
export async function readTableSizes(
  client: OwnerClient,
  schemas: readonly string[],
  tables: readonly string[],
): Promise<ReadonlyMap<string, TableSizes>> {
  type Row = TableSizes & { readonly table: string };
  const values = [schemas, tables];
  await client.query("BEGIN READ ONLY; SET LOCAL lock_timeout TO '1s'; SAVEPOINT measuring");
  try {
    const { rows } = await client.query<Row>(MEASURED, values).catch(async (error: { code?: string }) => {
      if (error.code !== '55P03') throw error;
      await client.query('ROLLBACK TO measuring');
      return await client.query<Row>(ESTIMATED, values);
    });
    return new Map(rows.map(({ table, ...sizes }) => [table, sizes]));
  } finally {
    await client.query('ROLLBACK').catch(() => undefined);
  }
}
