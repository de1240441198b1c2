import { limited } from '../../database/conditions.js';
import { type RawBuilder, sql } from '../../database/queries.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { offsetOf, type PageOf, type PageRequest } from '../../routing/pagination.js';

/** What fills names into rows that were read without them (`NamedColumns`). */
export interface Completing<Row> {
  complete(transaction: TenantTransaction, rows: readonly Row[]): Promise<void>;
}

/**
 * Reads a page of rows and the number of all of them, in one round trip, or two for the last page. Ends the transaction.
 * @param counting yields `count`, of all that `rows` would yield
 * @param rows in their order, without LIMIT; or, where it helps to know, made for the number of rows up to the page's end
 * @param names where the rows are without theirs
 */
export async function pageOf<Row>(
  transaction: TenantTransaction,
  counting: RawBuilder<{ count: number }>,
  rows: RawBuilder<Row> | ((upTo: number) => RawBuilder<Row>),
  page: PageRequest,
  names?: Completing<Row>,
): Promise<PageOf<Row>> {
  const counted = transaction.query(counting);
  const total = page.page === 'last' ? ((await counted)[0]?.count ?? 0) : 0;
  const skipped = offsetOf(page, () => total);
  const source = typeof rows === 'function' ? rows(skipped + page.size) : rows;
  const listed = transaction.last(sql<Row>`${source} ${limited(page.size, skipped)}`);
  const [[all], items] = await Promise.all([counted, listed]);
  await names?.complete(transaction, items);
  return { count: all?.count ?? 0, items };
}
