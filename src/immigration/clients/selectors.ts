import type { CurrentUser } from '../../auth/current-user.js';
import { branchInScope, type Scope } from '../../auth/scope.js';
import { allOf } from '../../database/conditions.js';
import { type RawBuilder, sql } from '../../database/queries.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import type { PageOf, PageRequest } from '../../routing/pagination.js';
import { checkClientScope } from '../shared/client-access.js';
import { type ClientFilters, clientConditions, idIs, NEWEST_FIRST } from '../shared/client-filters.js';
import { foundPage } from '../shared/found-page.js';
import { NamedColumns, named } from '../shared/names.js';
import { pageOf } from '../shared/page-of.js';
import { Records } from '../shared/records.js';
import { ClientOutput, STAGES } from './schemas.js';

export const clients = new Records({
  table: 'immigration_client',
  output: ClientOutput,
  columns: {
    visa_category_name: named('visaCategory', 'visa_category_id'),
    agent_name: named('agent', 'agent_id'),
    assigned_to_name: named('person', 'assigned_to_id'),
    branch_name: named('branch', 'branch_id'),
    created_by_name: named('person', 'created_by_id'),
  },
});
const NAMES = new NamedColumns<ClientOutput>(clients.fields);

/** Returns one client. @throws HttpError 404; 403 when it is out of scope */
export function readClient(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
): Pending<ClientOutput> {
  return clients.read(transaction, id).map((client) => {
    checkClientScope(user, client);
    return client;
  });
}

/** Returns a page of the clients in scope, newest first. */
export async function listClients(
  transaction: TenantTransaction,
  scope: Scope,
  filters: ClientFilters,
  page: PageRequest,
): Promise<Pending<PageOf<ClientOutput>>> {
  return await (isSummed(filters) ? summedPage : countedPage)(transaction, scope, filters, page);
}

/** Returns whether the filters use only what the kept sums distinguish: stage, activity, branch and archiving. */
function isSummed(filters: ClientFilters): boolean {
  const { stages, active, branch, includeDeleted, created, updated, ...others } = filters;
  const moments = [created?.from, created?.end, updated?.from, updated?.end];
  return [...Object.values(others), ...moments].every((filter) => filter === undefined);
}

/** Returns the condition for the kept sums that the filters include. */
function summed(scope: Scope, filters: ClientFilters): RawBuilder<boolean> {
  return allOf([
    !filters.includeDeleted && sql`NOT deleted`,
    branchInScope(scope, 'branch_id'),
    filters.stages && sql`stage = ANY (${filters.stages}::text[])`,
    filters.active !== undefined && sql`active = ${filters.active}`,
    idIs(sql`branch_id`, filters.branch),
  ]);
}

/**
 * Reads a page where only stage, activity and branch matter: the sums kept by the database's triggers give the exact
 * count without reading the clients.
 */
async function summedPage(
  transaction: TenantTransaction,
  scope: Scope,
  filters: ClientFilters,
  page: PageRequest,
): Promise<Pending<PageOf<ClientOutput>>> {
  const counting = sql<{ count: number }>`
    SELECT coalesce(sum(n), 0)::bigint AS count FROM immigration_client_count WHERE ${summed(scope, filters)}`;
  const rest = sql`WHERE ${clientConditions(scope, filters)} ORDER BY ${NEWEST_FIRST}`;
  return await pageOf(transaction, counting, NAMES.listed(clients.table, rest), page, NAMES);
}

/** Reads a page in all other cases: one statement finds the clients once, and both counts them and returns the page. */
function countedPage(
  transaction: TenantTransaction,
  scope: Scope,
  filters: ClientFilters,
  page: PageRequest,
): Pending<PageOf<ClientOutput>> {
  const found = sql`
    SELECT r.id, r.created_at FROM ${clients.table} r WHERE ${clientConditions(scope, filters)}`;
  // Planned once: whatever is searched for, using the index is no slower than reading all rows.
  const records = {
    table: clients.table,
    from: NAMES.listed,
    found,
    order: NEWEST_FIRST,
    plannedOnce: true,
    names: NAMES,
  };
  return foundPage(transaction, records, page);
}

/** Counts the clients that the list would show, per stage and in total. */
export function clientStageCounts(transaction: TenantTransaction, scope: Scope, filters: ClientFilters) {
  const counting = isSummed(filters)
    ? sql<{ stage: string; count: number }>`
        SELECT stage, sum(n)::bigint AS count FROM immigration_client_count
        WHERE ${summed(scope, filters)} GROUP BY stage`
    : sql<{ stage: string; count: number }>`
        SELECT stage, count(*) AS count FROM ${clients.table} r
        WHERE ${clientConditions(scope, filters)} GROUP BY stage`;
  return transaction.send(counting).map(stageCounts);
}

function stageCounts(rows: readonly { readonly stage: string; readonly count: number }[]) {
  const counts = Object.fromEntries(STAGES.map((stage) => [stage, 0])) as Record<
    (typeof STAGES)[number],
    number
  >;
  let TOTAL = 0;
  for (const { stage, count } of rows) {
    TOTAL += count;
    if (stage in counts) counts[stage as keyof typeof counts] = count;
  }
  return { ...counts, TOTAL };
}
