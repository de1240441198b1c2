import { limited } from '../../database/conditions.js';
import { type RawBuilder, sql } from '../../database/queries.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { offsetOf, type PageOf, type PageRequest } from '../../http/pagination.js';

/**
 * A page of rows and the number of all of them: one round trip, for the last page two. It ends the transaction.
 * @param counting yields `count`, of all that `rows` would yield
 * @param rows in their order, without LIMIT
 */
export async function pageOf<Row>(
  transaction: TenantTransaction,
  counting: RawBuilder<{ count: number }>,
  rows: RawBuilder<Row>,
  page: PageRequest,
): Promise<PageOf<Row>> {
  const counted = transaction.query(counting);
  const total = page.page === 'last' ? ((await counted)[0]?.count ?? 0) : 0;
  const skipped = offsetOf(page, () => total);
  const listed = transaction.last(sql<Row>`${rows} ${limited(page.size, skipped)}`);
  const [[all], items] = await Promise.all([counted, listed]);
  return { count: all?.count ?? 0, items };
}
