import type { CurrentUser } from '../../auth/current-user.js';
import { roleOf } from '../../auth/scope.js';
import { sql } from '../../database/queries.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { detailError, permissionDenied } from '../../http/errors.js';
import { isId } from '../../http/path-id.js';

/**
 * Checks whom a user may assign work to: branch admins only users who share a branch with them, region managers only
 * users who share a region.
 * @throws HttpError 400 when there is no such user, 403 when it is out of reach
 */
export async function checkAssignment(
  transaction: TenantTransaction,
  user: CurrentUser,
  assignee: number,
  what: 'clients' | 'applications',
): Promise<void> {
  const missing = () => detailError(400, `Assigned user with id=${assignee} does not exist`);
  if (!isId(assignee)) throw missing();
  const [found] = await transaction.query(sql<{ branches: number[]; regions: number[] }>`
    SELECT ARRAY(SELECT branch_id FROM immigration_user_branches WHERE user_id = u.id) AS branches,
           ARRAY(SELECT region_id FROM immigration_user_regions WHERE user_id = u.id) AS regions
    FROM immigration_user u WHERE u.id = ${assignee}`);
  if (!found) throw missing();
  const shared = (own: readonly number[], theirs: readonly number[]) => own.some((id) => theirs.includes(id));
  const role = roleOf(user);
  if (role === 'BRANCH_ADMIN' && !shared(user.branchIds, found.branches)) {
    throw permissionDenied(`Branch Admin cannot assign ${what} to users outside their branches`);
  }
  if (role === 'REGION_MANAGER' && !shared(user.regionIds, found.regions)) {
    throw permissionDenied(`Region Manager cannot assign ${what} to users outside their regions`);
  }
}
