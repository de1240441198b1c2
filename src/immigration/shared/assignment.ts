import type { CurrentUser } from '../../auth/current-user.js';
import { roleOf } from '../../auth/scope.js';
import { type Sql, sql } from '../../database/sql.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { detailError, type HttpError, permissionDenied } from '../../http/errors.js';
import { isId } from '../../http/path-id.js';

/**
 * Checks that a user may assign work to another: branch admins and consultants only to users who share a branch with
 * them, region managers only to users who share a region; and nobody to a disabled user.
 * @throws HttpError 400 if there is no such user or they are disabled, 403 if they are out of reach
 */
export async function checkAssignment(
  transaction: TenantTransaction,
  user: CurrentUser,
  assignee: number,
  what: AssignedWork,
): Promise<void> {
  const [found] = await transaction.query(assigneeById(assignee));
  checkAssignee(user, assignee, found, what);
}

/** Returns the query for what `checkAssignee` has to know of a user. */
export function assigneeById(id: number): Sql<Assignee> {
  return sql<Assignee>`
    SELECT ARRAY(SELECT branch_id FROM immigration_user_branches WHERE user_id = u.id) AS branches,
           ARRAY(SELECT region_id FROM immigration_user_regions WHERE user_id = u.id) AS regions,
           u.is_active AS "isActive"
    FROM immigration_user u WHERE u.id = ${isId(id) ? id : 0}`;
}

/** Checks a user that was found, or not, as `checkAssignment` does. @throws HttpError 400, 403 */
export function checkAssignee(
  user: CurrentUser,
  id: number,
  found: Assignee | undefined,
  what: AssignedWork,
): void {
  if (!found) throw noSuchAssignee(id);
  const refusal = assignmentRefusal(user, found, what);
  if (refusal) throw permissionDenied(refusal);
  if (!found.isActive) throw disabledAssignee(id);
}

type AssignedWork = 'clients' | 'applications';

/** Returns the error for an assignee who does not exist: 400. */
export function noSuchAssignee(id: number): HttpError {
  return detailError(400, `Assigned user with id=${id} does not exist`);
}

/** Returns the error for a disabled assignee, who would never see the work: 400. */
export function disabledAssignee(id: number): HttpError {
  return detailError(400, disabledAssigneeText(id));
}

/** Returns the message of `disabledAssignee`. */
export function disabledAssigneeText(id: number): string {
  return `Assigned user with id=${id} is disabled`;
}

const LABELS = { BRANCH_ADMIN: 'Branch Admin', CONSULTANT: 'Consultant' } as const;

/** The workplaces of a possible assignee. */
export interface Assignee {
  readonly isActive: boolean;
  readonly branches: readonly number[];
  readonly regions: readonly number[];
}

/** Returns why a user may not assign work to this one, in a sentence; null if they may. */
export function assignmentRefusal(user: CurrentUser, assignee: Assignee, what: AssignedWork): string | null {
  const shared = (own: readonly number[], theirs: readonly number[]) => own.some((id) => theirs.includes(id));
  const role = roleOf(user);
  if ((role === 'BRANCH_ADMIN' || role === 'CONSULTANT') && !shared(user.branchIds, assignee.branches)) {
    return `${LABELS[role]} cannot assign ${what} to users outside their branches`;
  }
  if (role === 'REGION_MANAGER' && !shared(user.regionIds, assignee.regions)) {
    return `Region Manager cannot assign ${what} to users outside their regions`;
  }
  return null;
}
