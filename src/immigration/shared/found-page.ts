import { type RawBuilder, sql } from '../../database/queries.js';
import { onePlan } from '../../database/statement.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import { offsetOf, type PageOf, type PageRequest } from '../../routing/pagination.js';
import type { Completing } from './page-of.js';

export interface FoundRecords<Row> {
  /** The table's name, as SQL; not given: what is found has all that `from` reads, and an `id` that is never null. */
  readonly table?: RawBuilder<unknown>;
  /** The API's form of what `source` yields as rows `r`. */
  readonly from: (source: RawBuilder<unknown>) => RawBuilder<Row>;
  /** What is asked for: `id` and every column of `order`, each record once. */
  readonly found: RawBuilder<unknown>;
  /** Of rows `r`, by columns that the API's form has too. */
  readonly order: RawBuilder<unknown>;
  /** Plans it once for all values: where planning costs more than finding. */
  readonly plannedOnce?: boolean;
  /** Where `from` leaves out names. */
  readonly names?: Completing<Row>;
}

/**
 * Returns a page of records that are dear to find: one statement finds them once, and both counts them and shows the
 * page. One round trip for any page, also the last.
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
    // A page without records still tells the count, in a row of nulls.
    const items = rows.filter(({ id }) => id !== null);
    await names?.complete(transaction, items, read);
    return { count: rows[0]?.total ?? 0, items };
  });
}
