import type { CurrentUser } from '../../auth/current-user.js';
import { roleOf, scopeOf } from '../../auth/scope.js';
import { permissionDenied } from '../../http/errors.js';

/**
 * Returns the branch of a client that this user creates without naming one.
 * @throws HttpError 403 for staff without a branch
 */
export function homeBranch(user: CurrentUser): number | null {
  if (scopeOf(user).kind === 'tenant') return null;
  const fallback = roleOf(user) === 'REGION_MANAGER' ? user.regionBranchIds[0] : undefined;
  const branch = user.branchIds[0] ?? fallback;
  if (branch === undefined) throw permissionDenied(`User ${user.username} belongs to no branch`);
  return branch;
}
