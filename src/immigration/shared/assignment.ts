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
  const [found] = await transaction.query(sql<Assignee>`
    SELECT ARRAY(SELECT branch_id FROM immigration_user_branches WHERE user_id = u.id) AS branches,
           ARRAY(SELECT region_id FROM immigration_user_regions WHERE user_id = u.id) AS regions
    FROM immigration_user u WHERE u.id = ${assignee}`);
  if (!found) throw missing();
  const refusal = assignmentRefusal(user, found, what);
  if (refusal) throw permissionDenied(refusal);
}

/** Where somebody works who may be assigned something. */
export interface Assignee {
  readonly branches: readonly number[];
  readonly regions: readonly number[];
}

/** Why a user may not assign work to this one, in a sentence; null where they may. */
export function assignmentRefusal(
  user: CurrentUser,
  assignee: Assignee,
  what: 'clients' | 'applications',
): string | null {
  const shared = (own: readonly number[], theirs: readonly number[]) => own.some((id) => theirs.includes(id));
  const role = roleOf(user);
  if (role === 'BRANCH_ADMIN' && !shared(user.branchIds, assignee.branches)) {
    return `Branch Admin cannot assign ${what} to users outside their branches`;
  }
  if (role === 'REGION_MANAGER' && !shared(user.regionIds, assignee.regions)) {
    return `Region Manager cannot assign ${what} to users outside their regions`;
  }
  return null;
}
