import type { CurrentUser } from '../../auth/current-user.js';
import { roleOf, scopeOf } from '../../auth/scope.js';
import { allOf } from '../../database/conditions.js';
import { type Sql, sql } from '../../database/sql.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import { notFound } from '../../http/errors.js';
import type { QueryParameters } from '../../http/fields/query-parameters.js';
import type { PageOf, PageRequest } from '../../routing/pagination.js';
import { searchFilter, textFilter } from '../shared/filters.js';
import { Records } from '../shared/records.js';
import { RegionOutput } from './schemas.js';

/** The branches `b` of region `r`, without deleted ones. */
const BRANCHES_OF_REGION = sql`immigration_branch b WHERE b.region_id = r.id AND b.deleted_at IS NULL`;

export const regions = new Records({
  table: 'immigration_region',
  output: RegionOutput,
  columns: { branch_count: sql<number>`(SELECT count(*) FROM ${BRANCHES_OF_REGION})` },
});

/**
 * Returns the condition that the user sees a region `r`: a region manager's own, for other staff by the branches in
 * their scope.
 */
export function regionInScope(user: CurrentUser): Sql<boolean> {
  const scope = scopeOf(user);
  if (scope.kind === 'tenant') return sql`true`;
  if (roleOf(user) === 'REGION_MANAGER') return sql`r.id = ANY (${user.regionIds}::bigint[])`;
  return sql`EXISTS (SELECT FROM ${BRANCHES_OF_REGION} AND b.id = ANY (${scope.branchIds}::bigint[]))`;
}

/** Returns a page of the regions in scope, by name. */
export async function listRegions(
  transaction: TenantTransaction,
  user: CurrentUser,
  query: QueryParameters,
  page: PageRequest,
): Promise<Pending<PageOf<RegionOutput>>> {
  const asked = allOf([
    regionInScope(user),
    searchFilter(query, 'r.name', 'r.description'),
    textFilter(query, 'name'),
  ]);
  return await regions.list(transaction, page, asked, sql`r.name, r.id DESC`);
}

/** Checks that a region is in scope. @throws HttpError 404 when it is not */
export async function checkRegionScope(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
): Promise<void> {
  const [region] = await transaction.query(
    sql`SELECT FROM immigration_region r WHERE r.id = ${id} AND ${regionInScope(user)}`,
  );
  if (!region) throw notFound('Region');
}
