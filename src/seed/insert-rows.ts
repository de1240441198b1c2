import type { TenantTables } from '../database/generated/tables.js';
import { sql } from '../database/sql.js';
import type { Selectable } from '../database/table-types.js';
import type { TenantTransaction } from '../database/tenant-transaction.js';

/** A row to be inserted: omitted columns get their default, columns of JSON are given as values. */
export type NewRow<Table extends keyof TenantTables> = Partial<Selectable<TenantTables[Table]>>;

/**
 * Inserts rows of one table in one statement. All of them must name the same columns.
 * @returns the rows' ids, in the order of the rows
 */
export async function insertRows<Table extends keyof TenantTables>(
  transaction: TenantTransaction,
  table: Table,
  rows: readonly NewRow<Table>[],
): Promise<number[]> {
  const [first] = rows;
  if (!first) return [];
  const columns = Object.keys(first);
  if (rows.some((row) => Object.keys(row).join() !== columns.join())) {
    throw new Error(`rows of ${table} name different columns`);
  }
  const names = sql.join(columns.map((column) => sql.ref(column)));
  // The table's own type determines the type of each value; one parameter carries any number of rows.
  const inserted = await transaction.query(sql<{ id: number }>`
    INSERT INTO ${sql.ref(table)} (${names})
    SELECT ${names} FROM jsonb_populate_recordset(null::${sql.ref(table)}, ${JSON.stringify(rows)}::jsonb)
      WITH ORDINALITY ORDER BY ordinality
    RETURNING id`);
  return inserted.map(({ id }) => id);
}

/** Inserts a row for each of these. @returns them with the ids of their rows, in their order */
export async function insertEach<Table extends keyof TenantTables, Item extends object>(
  transaction: TenantTransaction,
  table: Table,
  items: readonly Item[],
  rowOf: (item: Item, index: number) => NewRow<Table>,
): Promise<(Item & { readonly id: number })[]> {
  const ids = await insertRows(transaction, table, items.map(rowOf));
  return items.map((item, index) => ({ ...item, id: ids[index] as number }));
}
