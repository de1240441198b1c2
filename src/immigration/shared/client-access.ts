import type { CurrentUser } from '../../auth/current-user.js';
import { branchInScope, covers, type Scope, scopeOf } from '../../auth/scope.js';
import { type Sql, sql } from '../../database/sql.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { type HttpError, invalidPk, notFound, permissionDenied } from '../../http/errors.js';
import { isId } from '../../http/path-id.js';

// The scope of clients, which also applies to their records.

export interface ClientBranch {
  readonly id: number;
  readonly branch: number | null;
}

/** Returns 403 in the words for a record out of scope. @param what its name there: `visa application` */
export function outOfScope(user: CurrentUser, what: string, id: number): HttpError {
  return permissionDenied(`User ${user.username} does not have permission to access ${what} ${id}`);
}

/** Checks that a client's branch is in scope. @throws HttpError 403 in the words for a client out of scope */
export function checkClientScope(user: CurrentUser, client: ClientBranch): void {
  if (!covers(scopeOf(user), client.branch)) throw outOfScope(user, 'client', client.id);
}

/** Returns the query for a client's branch, for `checkReadable`; no row if there is no such client. */
export function clientBranch(id: number): Sql<ClientBranch> {
  return sql`SELECT id, branch_id AS branch FROM immigration_client WHERE id = ${id} AND deleted_at IS NULL`;
}

/** Checks what `clientBranch` read. @throws HttpError 404 or 403 */
export function checkReadable(user: CurrentUser, client: ClientBranch | undefined): void {
  if (!client) throw notFound('Client');
  checkClientScope(user, client);
}

/**
 * Checks the client in a body, and locks it against deletion until the transaction ends.
 * @param field the body's field
 * @throws HttpError 400 when there is none, or it is deleted; 403 when it is out of scope
 */
export async function requireClient(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
  field: string,
): Promise<void> {
  const [client] = isId(id)
    ? await transaction.query(sql<ClientBranch>`${clientBranch(id)} FOR KEY SHARE`)
    : [];
  if (!client) throw invalidPk(field, id);
  checkClientScope(user, client);
}

/**
 * Returns the condition for lists that the client with the id in this column exists and is in scope.
 * @param column a constant of the program: `r.client_id`
 */
export function clientInScope(scope: Scope, column: string): Sql<boolean> {
  return sql`EXISTS (
    SELECT FROM immigration_client c WHERE c.id = ${sql.ref(column)} AND c.deleted_at IS NULL AND ${branchInScope(scope, 'c.branch_id')})`;
}
