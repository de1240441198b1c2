import type { CurrentUser } from '../../auth/current-user.js';
import { sql } from '../../database/queries.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { detailError } from '../../http/errors.js';
import type { ApplicationTypeOutput, ApplicationTypeUpdateInput } from './schemas.js';
import { applicationTypes } from './selectors.js';

/** Changes what is given of an application type. @throws HttpError 404, 400 */
export async function updateApplicationType(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
  read: () => ApplicationTypeUpdateInput,
): Promise<ApplicationTypeOutput> {
  await applicationTypes.lock(transaction, id);
  return await applicationTypes.update(transaction, user, id, read());
}

/** Deletes an application type without applications softly. @throws HttpError 404, 400 */
export async function deleteApplicationType(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
): Promise<void> {
  await applicationTypes.lockToDelete(transaction, id);
  const [application] = await transaction.query(sql`
    SELECT FROM immigration_collegeapplication WHERE application_type_id = ${id} AND deleted_at IS NULL LIMIT 1`);
  if (application) throw detailError(400, 'Cannot delete an application type that applications use');
  await applicationTypes.delete(transaction, user, id);
}
