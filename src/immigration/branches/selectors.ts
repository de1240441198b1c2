import type { CurrentUser } from '../../auth/current-user.js';
import { roleOf, scopeOf } from '../../auth/scope.js';
import { allOf } from '../../database/conditions.js';
import { type RawBuilder, sql } from '../../database/queries.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { notFound } from '../../http/errors.js';
import type { QueryParameters } from '../../http/fields/query-parameters.js';
import type { PageOf, PageRequest } from '../../routing/pagination.js';
import { choiceFilter, deletedFilter, idFilter, searchFilter, textFilter } from '../shared/filters.js';
import { pageOf } from '../shared/page-of.js';
import { Records, STAMPS } from '../shared/records.js';
import type { BranchOption, BranchOutput } from './schemas.js';

export const branches = new Records({
  table: 'immigration_branch',
  thing: 'Branch',
  softDelete: true,
  columns: sql<BranchOutput>`
    r.id, r.name, r.region_id AS region,
    (SELECT name FROM immigration_region WHERE id = r.region_id) AS region_name,
    r.phone, r.website, r.street, r.suburb, r.state, r.postcode, r.country, ${STAMPS}`,
});

/** That a branch `r` is among those whose records the user sees; also of a deleted one, which no scope holds. */
function inScope(user: CurrentUser): RawBuilder<boolean> {
  if (scopeOf(user).kind === 'tenant') return sql`true`;
  if (roleOf(user) === 'REGION_MANAGER') return sql`r.region_id = ANY (${user.regionIds}::bigint[])`;
  if (user.groups.length === 0) return sql`false`;
  return sql`EXISTS (SELECT FROM immigration_user_branches WHERE user_id = ${user.id} AND branch_id = r.id)`;
}

/** A page of the branches in scope, by name. */
export async function listBranches(
  transaction: TenantTransaction,
  user: CurrentUser,
  query: QueryParameters,
  page: PageRequest,
): Promise<PageOf<BranchOutput>> {
  const asked = allOf([
    deletedFilter(query),
    inScope(user),
    searchFilter(query, 'r.name', 'r.phone', 'r.website', 'r.suburb', 'r.state'),
    textFilter(query, 'name'),
    textFilter(query, 'phone'),
    textFilter(query, 'state'),
    choiceFilter(query, 'country'),
    idFilter(query, 'region_id'),
  ]);
  const rows = sql<BranchOutput>`${branches.from()} WHERE ${asked} ORDER BY r.name, r.id DESC`;
  return await pageOf(transaction, branches.counting(asked), rows, page);
}

/** The branches in scope to choose from, by name. */
export async function branchOptions(
  transaction: TenantTransaction,
  user: CurrentUser,
): Promise<BranchOption[]> {
  return await transaction.last(sql<BranchOption>`
    SELECT r.id, r.name FROM immigration_branch r
    WHERE ${branches.notDeleted} AND ${inScope(user)} ORDER BY r.name, r.id DESC`);
}

/** One branch. @throws HttpError 404 also when it is out of scope */
export async function readBranch(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
): Promise<BranchOutput> {
  const [branch] = await transaction.last(sql<BranchOutput>`
    ${branches.from()} WHERE r.id = ${id} AND ${branches.notDeleted} AND ${inScope(user)}`);
  if (!branch) throw notFound('Branch');
  return branch;
}

/** @throws HttpError 404 when the branch, deleted or not, is out of scope */
export async function checkBranchScope(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
): Promise<void> {
  const [branch] = await transaction.query(
    sql`SELECT FROM immigration_branch r WHERE r.id = ${id} AND ${inScope(user)}`,
  );
  if (!branch) throw notFound('Branch');
}
