import { limited } from '../../database/conditions.js';
import { type Sql, sql } from '../../database/sql.js';
import type { Pending, ReadMore, TenantTransaction } from '../../database/tenant-transaction.js';
import { offsetOf, type PageOf, type PageRequest } from '../../routing/pagination.js';

/** Maximum `count` of lists that may have very many records, which take too long to count and to page through. */
export const MOST_COUNTED = 10_000;

/** A function object that fills names into rows that were read without them (`NamedColumns`). */
export interface Completing<Row> {
  complete(transaction: TenantTransaction, rows: readonly Row[], read: ReadMore): Promise<void>;
}

/** A function that returns the query for the rows of one page. */
export type PageRows<Row> = (size: number, skipped: number) => Sql<Row>;

/**
 * Returns the pages of a table's rows. Beyond the first one the ids alone are looked for: PostgreSQL would compute every
 * column of the rows that OFFSET skips.
 * @param from returns the query for the output of the table's rows `r`
 */
export function pageRows<Row>(
  from: (rest: Sql) => Sql<Row>,
  table: Sql,
  condition: Sql<boolean>,
  order: Sql,
): PageRows<Row> {
  return (size, skipped) => {
    const page = sql`WHERE ${condition} ORDER BY ${order} ${limited(size, skipped)}`;
    if (skipped === 0) return from(page);
    return from(sql`WHERE r.id = ANY (ARRAY(SELECT r.id FROM ${table} r ${page})) ORDER BY ${order}`);
  };
}

/**
 * Reads a page of rows and the total count, in one round trip, or two for the last page.
 * @param counting yields `count`, of all that `rows` would yield
 * @param rows in their order, without LIMIT; or, where it helps, those of one page
 * @param names if the rows lack theirs
 */
export async function pageOf<Row>(
  transaction: TenantTransaction,
  counting: Sql<{ count: number }>,
  rows: Sql<Row> | PageRows<Row>,
  page: PageRequest,
  names?: Completing<Row>,
): Promise<Pending<PageOf<Row>>> {
  const counted = transaction.send(counting);
  const total = page.page === 'last' ? ((await transaction.result(counted))[0]?.count ?? 0) : 0;
  const skipped = offsetOf(page, () => total);
  const listed = transaction.send(
    typeof rows === 'function' ? rows(page.size, skipped) : sql<Row>`${rows} ${limited(page.size, skipped)}`,
  );
  return counted.and(listed).map(async ([[all], items], read) => {
    await names?.complete(transaction, items, read);
    return { count: all?.count ?? 0, items };
  });
}
