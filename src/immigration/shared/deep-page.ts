import { type Sql, sql } from '../../database/sql.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import { offsetOf, type PageOf, type PageRequest } from '../../routing/pagination.js';
import type { Completing } from './page-of.js';

/** An order of rows, from either end. Its last column tells all rows apart. */
interface Ordering {
  readonly forward: Sql;
  readonly backward: Sql;
}

/** A list of a large table's rows `r`, each with an `id`, of which the database keeps the number. */
export interface CountedRows<Row> {
  readonly table: Sql;
  readonly condition: Sql<boolean>;
  readonly order: Ordering;
  /** Yields `count`, of all rows that meet the condition, without reading them. */
  readonly counting: Sql<{ count: number }>;
  /** Returns the query for the output of the rows `r` of `source`. */
  readonly from: (source: Sql, rest: Sql) => Sql<Row>;
  readonly names?: Completing<Row>;
}

/**
 * Returns a page that is not the first. Its ids are looked for in an index alone, from the end of the list that is
 * nearer: PostgreSQL reads and shapes all rows that OFFSET skips. One round trip for any page, including the last.
 */
export function deepPage<Row>(
  transaction: TenantTransaction,
  { table, condition, order, counting, from, names }: CountedRows<Row>,
  page: PageRequest,
): Pending<PageOf<Row>> {
  const size = sql`${page.size}::bigint`;
  const number = sql`coalesce((SELECT count FROM counted), 0)`;
  const offset =
    page.page === 'last'
      ? sql`greatest(0, ${number} - 1) / ${size} * ${size}`
      : sql`${offsetOf(page, () => 0)}::bigint`;
  // The page has `rows` rows, with `before` rows on its one side and `behind` rows on the other.
  const ids = (isNearer: Sql, by: Sql, skipped: Sql) => sql`(
    SELECT r.id FROM ${table} r WHERE ${condition} ORDER BY ${by}
    LIMIT (SELECT CASE WHEN ${isNearer} THEN rows ELSE 0 END FROM place) OFFSET (SELECT ${skipped} FROM place))`;
  const asked = from(
    table,
    sql`WHERE r.id = ANY (ARRAY(
      WITH counted AS MATERIALIZED (${counting}), page AS (SELECT ${offset} AS before, ${number} AS number),
        place AS MATERIALIZED (
          SELECT before, greatest(0, number - before - ${size}) AS behind,
                 greatest(0, least(${size}, number - before)) AS rows
          FROM page)
      ${ids(sql`before <= behind`, order.forward, sql`before`)}
      UNION ALL
      ${ids(sql`before > behind`, order.backward, sql`behind`)}))
    ORDER BY ${order.forward}`,
  );
  return transaction
    .send(counting)
    .and(transaction.send(asked))
    .map(async ([[all], items], read) => {
      await names?.complete(transaction, items, read);
      return { count: all?.count ?? 0, items };
    });
}
