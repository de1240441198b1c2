import type { CurrentUser } from '../../auth/current-user.js';
import { branchInScope, type Scope, scopeOf } from '../../auth/scope.js';
import { allOf } from '../../database/conditions.js';
import { type Sql, sql } from '../../database/sql.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import type { PageOf, PageRequest } from '../../routing/pagination.js';
import type { UserRequest } from '../../routing/route.js';
import { checkClientScope } from '../shared/client-access.js';
import {
  type ClientFilters,
  clientConditions,
  idIs,
  NEWEST_FIRST,
  readClientFilters,
} from '../shared/client-filters.js';
import { deepPage } from '../shared/deep-page.js';
import { foundPage } from '../shared/found-page.js';
import { NamedColumns, named } from '../shared/names.js';
import { pageOf } from '../shared/page-of.js';
import { Records } from '../shared/records.js';
import { TenantTime } from '../shared/tenant-time.js';
import { trigramShares } from '../shared/trigram-shares.js';
import { ClientOutput, STAGES } from './schemas.js';
import { isSearchOnly, searchedPage } from './searched.js';

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

/**
 * Locks the client that a change, or a reading of its records, is about, against other changes, and returns it.
 * @throws HttpError 404 when there is none or it is deleted, 403 when it is out of scope
 */
export async function lockClient(transaction: TenantTransaction, user: CurrentUser, id: number) {
  const client = await clients.lock(transaction, id);
  checkClientScope(user, { id, branch: client.branch_id });
  return client;
}

/** Reads a page of the clients in scope, newest first. */
export async function listClients(
  transaction: TenantTransaction,
  user: CurrentUser,
  page: PageRequest,
  { query, tenant }: UserRequest,
): Promise<Pending<PageOf<ClientOutput>>> {
  const scope = scopeOf(user);
  const filters = readClientFilters(query, new TenantTime(tenant));
  const conditions = clientConditions(scope, filters, trigramShares(transaction));
  if (isSummed(filters)) {
    // The sums kept by the database's triggers tell how many clients there are, exactly and without reading them.
    const counting = sql<{ count: number }>`
      SELECT coalesce(sum(n), 0)::bigint AS count FROM immigration_client_count WHERE ${summed(scope, filters)}`;
    if (page.page !== 1) {
      const { table } = clients;
      const order = { forward: NEWEST_FIRST, backward: sql`r.created_at, r.id` };
      const rows = { table, condition: conditions, order, counting, from: NAMES.listed, names: NAMES };
      return deepPage(transaction, rows, page);
    }
    const rows = NAMES.listed(clients.table, sql`WHERE ${conditions} ORDER BY ${NEWEST_FIRST}`);
    return await pageOf(transaction, counting, rows, page, NAMES);
  }
  if (isSearchOnly(filters)) {
    const { search: _, ...others } = filters;
    const among = sql`SELECT coalesce(sum(n), 0) FROM immigration_client_count WHERE ${summed(scope, others)}`;
    const { table } = clients;
    return searchedPage(
      transaction,
      { table, from: NAMES.listed, names: NAMES, scope, filters, among },
      page,
    );
  }
  // Otherwise one statement finds the clients once, and both counts them and shows the page. It is planned once:
  // whatever is searched for, using the index is no slower than reading all rows.
  const records = {
    table: clients.table,
    from: NAMES.listed,
    found: sql`SELECT r.id, r.created_at FROM ${clients.table} r WHERE ${conditions}`,
    order: NEWEST_FIRST,
    plannedOnce: true,
    names: NAMES,
  };
  return foundPage(transaction, records, page);
}

/** Returns whether the filters use only what the kept sums distinguish: stage, activity, branch and archiving. */
function isSummed(filters: ClientFilters): boolean {
  const { stages, active, branch, includeDeleted, created, updated, ...others } = filters;
  const moments = [created?.from, created?.end, updated?.from, updated?.end];
  return [...Object.values(others), ...moments].every((filter) => filter === undefined);
}

/** Returns the condition for the kept sums that the filters include. */
function summed(scope: Scope, filters: ClientFilters): Sql<boolean> {
  return allOf([
    !filters.includeDeleted && sql`NOT deleted`,
    branchInScope(scope, 'branch_id'),
    filters.stages && sql`stage = ANY (${filters.stages}::text[])`,
    filters.active !== undefined && sql`active = ${filters.active}`,
    idIs(sql`branch_id`, filters.branch),
  ]);
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
