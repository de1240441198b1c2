import type { CurrentUser } from '../../auth/current-user.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import type { LateInput } from '../../http/fields/body.js';
import { refuseIfUsed } from '../shared/used-by.js';
import type { ApplicationTypeOutput, ApplicationTypeUpdateInput } from './schemas.js';
import { applicationTypes } from './selectors.js';

/** Changes the given fields of an application type. @throws HttpError 404, 400 */
export async function updateApplicationType(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
  body: LateInput<ApplicationTypeUpdateInput>,
): Promise<Pending<ApplicationTypeOutput>> {
  await applicationTypes.lock(transaction, id);
  return applicationTypes.update(transaction, user, id, body.read());
}

/** Deletes an application type without applications softly. @throws HttpError 404, 400 */
export async function deleteApplicationType(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
): Promise<void> {
  await applicationTypes.lockToDelete(transaction, id);
  await refuseIfUsed(transaction, 'applicationtype', id);
  applicationTypes.delete(transaction, user, id);
}
