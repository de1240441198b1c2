import type { CurrentUser } from '../../auth/current-user.js';
import { sql } from '../../database/sql.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import { textError } from '../../http/errors.js';
import { taskVisible } from '../shared/task-visibility.js';
import { taskDenied } from './errors.js';
import { assigneesNotified } from './notify.js';
import type { TaskOutput } from './schemas.js';
import { lockTask, type StoredTask } from './selectors.js';
import { changedTask, updating } from './services.js';

// Actions on a task by those concerned. Concurrent ones follow one another, and the later one counts.

/** Completes a task, from any status. @throws HttpError 404 also for users who are neither assignee nor assigner */
export async function completeTask(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
): Promise<Pending<TaskOutput>> {
  await lockOwn(transaction, user, id);
  return changedTask(transaction, updating(user, id, { status: 'COMPLETED', completed_at: sql`now()` }));
}

/** Cancels a task, from any status. @throws HttpError 404 also for users who are neither assignee nor assigner */
export async function cancelTask(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
): Promise<Pending<TaskOutput>> {
  await lockOwn(transaction, user, id);
  return changedTask(transaction, updating(user, id, { status: 'CANCELLED' }));
}

async function lockOwn(transaction: TenantTransaction, user: CurrentUser, id: number): Promise<void> {
  const task = await lockTask(transaction, user, id);
  if (!isParty(task, user)) throw taskDenied();
}

/** Returns whether a user is a task's assignee or assigner. */
export function isParty(task: StoredTask, user: CurrentUser): boolean {
  return task.assigned_to_id === user.id || task.assigned_by_id === user.id;
}

type ClaimedTask = Pick<StoredTask, 'branch_id'> & { readonly seen: boolean; readonly colleagues: boolean };

/**
 * Claims a task of a branch. Of two concurrent claims the first to lock it wins, and the other is rejected like a later
 * one: hence the check of colleagues, since their tasks are invisible to many others.
 * @throws HttpError 404; 400 when it is not, or no longer, a branch's, or of a branch that the user does not belong to
 */
export async function claimTask(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
): Promise<Pending<TaskOutput>> {
  const [task] = await transaction.query(sql<ClaimedTask>`
    SELECT r.branch_id, ${taskVisible(user)} AS seen, EXISTS (
      SELECT FROM immigration_user_branches ub
      WHERE ub.user_id = r.assigned_to_id AND ub.branch_id = ANY (${user.branchIds}::bigint[])) AS colleagues
    FROM immigration_task r WHERE r.id = ${id}::bigint FOR NO KEY UPDATE OF r`);
  if (!task || !(task.seen || task.colleagues)) throw taskDenied();
  if (task.branch_id === null) throw textError(400, 'Task is not assigned to a branch');
  if (!user.branchIds.includes(task.branch_id)) {
    throw textError(400, 'You are not a member of the branch that the task is assigned to');
  }
  return changedTask(
    transaction,
    updating(user, id, { assigned_to_id: user.id, branch_id: null }),
    assigneesNotified(sql`changed`, user),
  );
}
