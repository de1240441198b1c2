import type { CurrentUser } from '../../auth/current-user.js';
import { covers, scopeOf } from '../../auth/scope.js';
import { queries } from '../../database/queries.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { notFound, permissionDenied } from '../../http/errors.js';

/** @throws HttpError 403 in the words for a client out of scope */
export function checkClientScope(user: CurrentUser, client: { id: number; branch: number | null }): void {
  if (covers(scopeOf(user), client.branch)) return;
  throw permissionDenied(`User ${user.username} does not have permission to access client ${client.id}`);
}

/**
 * The client that a change, or a reading of what hangs on it, is about, with its row locked against other changes.
 * @throws HttpError 404 when there is none or it is deleted, 403 when it is out of scope
 */
export async function lockClient(transaction: TenantTransaction, user: CurrentUser, id: number) {
  const [client] = await transaction.query(
    queries
      .selectFrom('immigration_client')
      .selectAll()
      .where('id', '=', id)
      .where('deleted_at', 'is', null)
      .forUpdate(),
  );
  if (!client) throw notFound('Client');
  checkClientScope(user, { id, branch: client.branch_id });
  return client;
}

/** The query that tells whether there is such a client, and of which branch; for `checkReadable`. */
export function clientBranch(id: number) {
  return queries
    .selectFrom('immigration_client')
    .select(['id', 'branch_id as branch'])
    .where('id', '=', id)
    .where('deleted_at', 'is', null);
}

/** Checks what `clientBranch` read. @throws HttpError 404 or 403 */
export function checkReadable(
  user: CurrentUser,
  client: { id: number; branch: number | null } | undefined,
): void {
  if (!client) throw notFound('Client');
  checkClientScope(user, client);
}
