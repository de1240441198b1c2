import type { CurrentUser } from '../../auth/current-user.js';
import { covers, scopeOf } from '../../auth/scope.js';
import { type Sql, sql } from '../../database/sql.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import type { QueryParameters } from '../../http/fields/query-parameters.js';
import { checkAssignment } from './assignment.js';
import { outOfScope } from './client-access.js';
import { clientNameHolds } from './client-text.js';

// Rules that visa and college applications share: their scope is that of their client.

type ApplicationTable = 'immigration_visaapplication' | 'immigration_collegeapplication';

/** Returns the query for the branch of an application's client, for `checkApplicationScope`. */
export function applicationBranch(table: ApplicationTable, id: number): Sql<{ branch: number | null }> {
  return sql`
    SELECT c.branch_id AS branch FROM ${sql.ref(table)} a JOIN immigration_client c ON c.id = a.client_id
    WHERE a.id = ${id}::bigint`;
}

/**
 * Checks what `applicationBranch` read; a missing application is reported elsewhere.
 * @param what `visa application`
 * @throws HttpError 403 when the client is out of scope
 */
export function checkApplicationScope(
  user: CurrentUser,
  what: string,
  id: number,
  found: { readonly branch: number | null } | undefined,
): void {
  if (found && !covers(scopeOf(user), found.branch)) throw outOfScope(user, what, id);
}

/** Returns the condition for `client_name`: text in the name, "first last", of the client of rows `r`. */
export function clientNameFilter(query: QueryParameters): Sql<boolean> | undefined {
  const name = query.filterText('client_name');
  return name === undefined ? undefined : clientNameHolds(sql`r.client_id`, name);
}

/**
 * Checks the new assignee of an application; null, undefined and the present assignee need no check.
 * @throws HttpError 400 when there is no such user, 403 when it is out of reach
 */
export async function checkApplicationAssignee(
  transaction: TenantTransaction,
  user: CurrentUser,
  assignee: number | null | undefined,
  before: number | null = null,
): Promise<void> {
  if (typeof assignee !== 'number' || assignee === before) return;
  await checkAssignment(transaction, user, assignee, 'applications');
}
