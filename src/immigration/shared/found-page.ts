import { type Sql, sql } from '../../database/sql.js';
import { onePlan } from '../../database/statement.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import { offsetOf, type PageOf, type PageRequest } from '../../routing/pagination.js';
import type { Completing } from './page-of.js';

export interface FoundRecords<Row> {
  /** The table's name, as SQL; by default what is found has all that `from` reads, and an `id` that is never null. */
  readonly table?: Sql;
  /** Returns the query for the output of rows `r` of `source`. */
  readonly from: (source: Sql) => Sql<Row>;
  /** The query for the records: `id` and every column of `order`, each record once. */
  readonly found: Sql;
  /** The order of rows `r`, by columns that the output has too. */
  readonly order: Sql;
  /** Whether to plan it once for all values, because planning costs more than finding. */
  readonly plannedOnce?: boolean;
  /** Adds the names that `from` omits. */
  readonly names?: Completing<Row>;
}

/**
 * Returns a page of records that are expensive to find: one statement finds them once, and both counts them and returns
 * the page. One round trip for any page, including the last.
 */
export function foundPage<Row extends { readonly id: number }>(
  transaction: TenantTransaction,
  { table, from, found, order, plannedOnce = false, names }: FoundRecords<Row>,
  page: PageRequest,
): Pending<PageOf<Row>> {
  const offset =
    page.page === 'last'
      ? sql`greatest(0, (SELECT count(*) - 1 FROM found)) / ${page.size}::bigint * ${page.size}::bigint`
      : sql`${offsetOf(page, () => 0)}::bigint`;
  const columns = table ? sql`r.id` : sql`r.*`;
  const shown = sql`(
    SELECT ${columns} FROM found r ORDER BY ${order} LIMIT ${page.size}::bigint OFFSET ${offset})`;
  const rows = table ? sql`${from(sql`${shown} page JOIN ${table}`)} ON r.id = page.id` : from(shown);
  const asked = sql<Row & { total: number }>`
    WITH found AS MATERIALIZED (${found})
    SELECT (SELECT count(*) FROM found) AS total, r.*
    FROM (VALUES (1)) one LEFT JOIN LATERAL (${rows}) r ON true
    ORDER BY ${order}`;
  return transaction.send(plannedOnce ? onePlan(asked) : asked).map(async (rows, read) => {
    // A page without records still carries the count, in a row of nulls.
    const items = rows.filter(({ id }) => id !== null);
    await names?.complete(transaction, items, read);
    return { count: rows[0]?.total ?? 0, items };
  });
}
