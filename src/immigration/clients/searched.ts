import { branchInScope, type Scope } from '../../auth/scope.js';
import { allOf } from '../../database/conditions.js';
import { type Sql, sql } from '../../database/sql.js';
import { onePlan } from '../../database/statement.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import { offsetOf, type PageOf, type PageRequest } from '../../routing/pagination.js';
import { type ClientFilters, idIs, NEWEST_FIRST } from '../shared/client-filters.js';
import { textHolds } from '../shared/client-text.js';
import type { Completing } from '../shared/page-of.js';
import { sendSampling, trigramShares } from '../shared/trigram-shares.js';

/** Maximum number of found clients that are sorted whatever else there is. */
const FEW = 1_000;

export interface SearchedClients<Row> {
  readonly table: Sql;
  /** Returns the query for the output of the rows `r` of `source`. */
  readonly from: (source: Sql, rest: Sql) => Sql<Row>;
  readonly names: Completing<Row>;
  readonly scope: Scope;
  readonly filters: ClientFilters & { readonly search: string };
  /** The number of clients in scope, as the database keeps it: `number`. */
  readonly among: Sql;
}

/** Returns whether the filters ask for nothing that the table of searched texts lacks. */
export function isSearchOnly(filters: ClientFilters): filters is ClientFilters & { search: string } {
  const { search, branch, includeDeleted, created, updated, ...others } = filters;
  const rest = [...Object.values(others), created?.from, created?.end, updated?.from, updated?.end];
  return search !== undefined && rest.every((filter) => filter === undefined);
}

/**
 * Returns a page of the clients that contain a text, newest first. They are found and counted in the table of searched
 * texts alone. Few are then sorted; of many, the list is read in its order, from the end that is nearer, until the page
 * is full. One statement, for any page.
 */
export function searchedPage<Row extends { readonly id: number }>(
  transaction: TenantTransaction,
  { table, from, names, scope, filters, among }: SearchedClients<Row>,
  page: PageRequest,
): Pending<PageOf<Row>> {
  const { search, branch, includeDeleted } = filters;
  const size = sql`${page.size}::bigint`;
  const offset =
    page.page === 'last'
      ? sql`greatest(0, number - 1) / ${size} * ${size}`
      : sql`${offsetOf(page, () => 0)}::bigint`;
  const found = allOf([
    textHolds(sql`s.text`, search, trigramShares(transaction)),
    !includeDeleted && sql`NOT s.archived`,
    branchInScope(scope, 's.branch_id'),
    idIs(sql`s.branch_id`, branch),
  ]);
  // The text by a subquery, which PostgreSQL evaluates for one row after another, and for none behind the page.
  const listed = allOf([
    !includeDeleted && sql`r.deleted_at IS NULL`,
    branchInScope(scope, 'r.branch_id'),
    idIs(sql`r.branch_id`, branch),
    textHolds(sql`(SELECT s.text FROM client_search s WHERE s.client_id = r.id)`, search),
  ]);
  const ids = (isAsked: Sql, by: Sql, skipped: Sql) => sql`(
    SELECT r.id FROM ${table} r WHERE ${listed} ORDER BY ${by}
    LIMIT (SELECT CASE WHEN ${isAsked} THEN rows ELSE 0 END FROM place) OFFSET (SELECT ${skipped} FROM place))`;
  const shown = from(
    table,
    sql`WHERE r.id = ANY (ARRAY(
      (SELECT r.id FROM found f JOIN ${table} r ON r.id = f.id ORDER BY ${NEWEST_FIRST}
       LIMIT (SELECT CASE WHEN sorts THEN rows ELSE 0 END FROM place) OFFSET (SELECT before FROM place))
      UNION ALL
      ${ids(sql`NOT sorts AND before <= behind`, NEWEST_FIRST, sql`before`)}
      UNION ALL
      ${ids(sql`NOT sorts AND before > behind`, sql`r.created_at, r.id`, sql`behind`)}))`,
  );
  const asked = sql<Row & { total: number }>`
    WITH found AS MATERIALIZED (SELECT s.client_id AS id FROM client_search s WHERE ${found}),
      counted AS MATERIALIZED (SELECT count(*) AS number FROM found),
      page AS (SELECT ${offset} AS before, number FROM counted),
      rest AS (
        SELECT before, greatest(0, number - before - ${size}) AS behind, number,
               greatest(0, least(${size}, number - before)) AS rows
        FROM page),
      place AS MATERIALIZED (
        -- Reading in order meets all clients between those found, and costs somewhat more for each than sorting.
        SELECT before, behind, rows,
               number <= ${sql.lit(FEW)}
                 OR 2 * (least(before, behind) + rows)::float8 * (${among}) > number::float8 * number AS sorts
        FROM rest)
    SELECT (SELECT number FROM counted) AS total, r.*
    FROM (VALUES (1)) one LEFT JOIN LATERAL (${shown}) r ON true
    ORDER BY ${NEWEST_FIRST}`;
  return sendSampling(transaction, onePlan(asked)).map(async (rows, read) => {
    // A page without clients still carries the count, in a row of nulls.
    const items = rows.filter(({ id }) => id !== null);
    await names.complete(transaction, items, read);
    return { count: rows[0]?.total ?? 0, items };
  });
}
