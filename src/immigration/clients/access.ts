import type { CurrentUser } from '../../auth/current-user.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { checkClientScope } from '../shared/client-access.js';
import { clients } from './selectors.js';

/**
 * Locks the client of a change, or of a read of its records, against other changes.
 * @throws HttpError 404 when it does not exist or is deleted, 403 when it is out of scope
 */
export async function lockClient(transaction: TenantTransaction, user: CurrentUser, id: number) {
  const client = await clients.lock(transaction, id);
  checkClientScope(user, { id, branch: client.branch_id });
  return client;
}
