import type { CurrentUser } from '../../auth/current-user.js';
import { roleOf, scopeOf } from '../../auth/scope.js';
import { allOf } from '../../database/conditions.js';
import { type Sql, sql } from '../../database/sql.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import { notFound } from '../../http/errors.js';
import type { QueryParameters } from '../../http/fields/query-parameters.js';
import type { PageOf, PageRequest } from '../../routing/pagination.js';
import { columnsOf, lookup, select } from '../shared/columns.js';
import { choiceFilter, deletedFilter, idFilter, searchFilter, textFilter } from '../shared/filters.js';
import { STAMP_NAMES } from '../shared/names.js';
import { Records } from '../shared/records.js';
import { BranchOption, BranchOutput } from './schemas.js';

export const branches = new Records({
  table: 'immigration_branch',
  output: BranchOutput,
  columns: { ...STAMP_NAMES, region_name: lookup('region_id', 'immigration_region', 'name') },
});

const OPTION = columnsOf('immigration_branch', BranchOption, {});

/** Returns the condition that a branch `r` is in the user's scope; also for a deleted one, which is in no scope. */
function inScope(user: CurrentUser): Sql<boolean> {
  if (scopeOf(user).kind === 'tenant') return sql`true`;
  if (roleOf(user) === 'REGION_MANAGER') return sql`r.region_id = ANY (${user.regionIds}::bigint[])`;
  if (user.groups.length === 0) return sql`false`;
  return sql`EXISTS (SELECT FROM immigration_user_branches WHERE user_id = ${user.id} AND branch_id = r.id)`;
}

/** Returns a page of the branches in scope, by name. */
export async function listBranches(
  transaction: TenantTransaction,
  user: CurrentUser,
  query: QueryParameters,
  page: PageRequest,
): Promise<Pending<PageOf<BranchOutput>>> {
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
  return await branches.list(transaction, page, asked, sql`r.name, r.id DESC`);
}

/** Returns the branches in scope to choose from, by name. */
export function branchOptions(transaction: TenantTransaction, user: CurrentUser): Pending<BranchOption[]> {
  const inOrder = sql`WHERE ${branches.notDeleted} AND ${inScope(user)} ORDER BY r.name, r.id DESC`;
  return transaction.send(select(OPTION, sql`FROM ${branches.table} r ${inOrder}`));
}

/** Returns one branch. @throws HttpError 404 also when it is out of scope */
export function readBranch(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
): Pending<BranchOutput> {
  return branches.read(transaction, id, allOf([branches.notDeleted, inScope(user)]));
}

/** Checks that a branch, deleted or not, is in scope. @throws HttpError 404 when it is not */
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
