import type { CurrentUser } from '../../auth/current-user.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { checkClientScope } from '../shared/client-access.js';
import { clients } from './selectors.js';

/**
 * The client that a change, or a reading of what hangs on it, is about, with its row locked against other changes.
 * @throws HttpError 404 when there is none or it is deleted, 403 when it is out of scope
 */
export async function lockClient(transaction: TenantTransaction, user: CurrentUser, id: number) {
  const client = await clients.lock(transaction, id);
  checkClientScope(user, { id, branch: client.branch_id });
  return client;
}
