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

/**
 * Reads a page of rows and the total count, in one round trip, or two for the last page.
 * @param counting yields `count`, of all that `rows` would yield
 * @param rows in their order, without LIMIT; or, where it helps, a function of the number of rows up to the page's end
 * @param names if the rows lack theirs
 */
export async function pageOf<Row>(
  transaction: TenantTransaction,
  counting: Sql<{ count: number }>,
  rows: Sql<Row> | ((upTo: number) => Sql<Row>),
  page: PageRequest,
  names?: Completing<Row>,
): Promise<Pending<PageOf<Row>>> {
  const counted = transaction.send(counting);
  const total = page.page === 'last' ? ((await transaction.result(counted))[0]?.count ?? 0) : 0;
  const skipped = offsetOf(page, () => total);
  const source = typeof rows === 'function' ? rows(skipped + page.size) : rows;
  const listed = transaction.send(sql<Row>`${source} ${limited(page.size, skipped)}`);
  return counted.and(listed).map(async ([[all], items], read) => {
    await names?.complete(transaction, items, read);
    return { count: all?.count ?? 0, items };
  });
}
