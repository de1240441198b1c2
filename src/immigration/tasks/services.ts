import type { CurrentUser } from '../../auth/current-user.js';
import { roleOf, scopeOf } from '../../auth/scope.js';
import { firstOr } from '../../database/pending.js';
import { type Sql, sql } from '../../database/sql.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import { insertInto, updateOf } from '../../database/writes.js';
import { permissionDenied } from '../../http/errors.js';
import type { LateInput } from '../../http/fields/body.js';
import { wrap } from '../shared/columns.js';
import { ANNOUNCE_MADE, assigneesNotified } from './notify.js';
import { checkNamed, checkOneAssignment, linkOf } from './related.js';
import type { TaskCreateInput, TaskOutput, TaskUpdateInput } from './schemas.js';
import { lockTask, type StoredTask, tasks } from './selectors.js';

/**
 * Creates a task, and notifies its assignee.
 * @throws HttpError 400 for records that do not exist, 403 for a link to one out of scope
 */
export async function createTask(
  transaction: TenantTransaction,
  user: CurrentUser,
  input: TaskCreateInput,
): Promise<Pending<TaskOutput>> {
  checkOneAssignment(input);
  await checkNamed(transaction, input);
  const { title, detail, priority, due_date, assigned_to, branch_id, tags, assigned_by } = input;
  const insert = insertInto('immigration_task', {
    title,
    detail,
    due_date,
    ...(priority && { priority }),
    ...(tags && { tags: JSON.stringify(tags) }),
    assigned_to_id: assigned_to ?? null,
    branch_id: branch_id ?? null,
    assigned_by_id: assigned_by ?? user.id,
    created_by_id: user.id,
    ...(await linkOf(transaction, user, input)),
  });
  return changedTask(transaction, sql`${insert} RETURNING *`, assigneesNotified(sql`changed`, user));
}

/**
 * Changes the given fields of a task. Assigning it to a user takes it from its branch, and vice versa.
 * @throws HttpError 404, 400, 403
 */
export async function updateTask(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
  body: LateInput<TaskUpdateInput>,
): Promise<Pending<TaskOutput>> {
  const task = await lockTask(transaction, user, id);
  const input = body.read();
  checkOneAssignment(input);
  const { assigned_to, assigned_by, branch_id } = input;
  await checkNamed(transaction, {
    assigned_to: assigned_to === task.assigned_to_id ? null : assigned_to,
    assigned_by: assigned_by === task.assigned_by_id ? null : assigned_by,
    branch_id: branch_id === task.branch_id ? null : branch_id,
  });
  const { title, detail, priority, status, due_date, tags } = input;
  const values = {
    ...given({ title, detail, priority, status, due_date, assigned_by_id: assigned_by }),
    ...(tags && { tags: JSON.stringify(tags) }),
    ...assignment(input),
    ...completion(task, status),
    ...(await linkOf(transaction, user, input)),
  };
  // Assigning a branch's task to oneself is a claim, which the event of the new assignee ignores.
  const isClaim = task.branch_id !== null && assigned_to === user.id;
  return changedTask(
    transaction,
    updating(user, id, values),
    isClaim ? assigneesNotified(sql`changed`, user) : undefined,
  );
}

/** Deletes a task. @throws HttpError 404; 403 for users who neither created it nor have an admin role */
export async function deleteTask(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
): Promise<void> {
  const task = await lockTask(transaction, user, id, 'UPDATE');
  if (task.created_by_id !== user.id && !isAdmin(user)) throw permissionDenied();
  transaction.send(sql`DELETE FROM immigration_task WHERE id = ${id}::bigint`);
}

/** Returns whether a user has one of the three roles above consultants, or is a superuser without group. */
function isAdmin(user: CurrentUser): boolean {
  const role = roleOf(user);
  return scopeOf(user).kind === 'tenant' || (role !== null && role !== 'CONSULTANT');
}

/** Returns the values without undefined ones. */
function given<Values extends object>(values: Values): Partial<Values> {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined),
  ) as Partial<Values>;
}

/** Returns the new assignment: setting either assignee or branch clears the other. */
function assignment({ assigned_to, branch_id }: TaskUpdateInput): object {
  return {
    ...(assigned_to !== undefined && { assigned_to_id: assigned_to }),
    ...(branch_id !== undefined && { branch_id }),
    ...(typeof assigned_to === 'number' && { branch_id: null }),
    ...(typeof branch_id === 'number' && { assigned_to_id: null }),
  };
}

/** Returns the completion time: now for a task whose status becomes completed, null for one that is reopened. */
function completion(task: StoredTask, status: string | undefined): object {
  if (status === undefined || status === task.status) return {};
  if (status === 'COMPLETED') return { completed_at: sql`now()` };
  return task.status === 'COMPLETED' && status !== 'CANCELLED' ? { completed_at: null } : {};
}

/** Returns an UPDATE of a task that the caller has locked, returning its row. */
export function updating(user: CurrentUser, id: number, values: object): Sql {
  const update = updateOf('immigration_task', { ...values, updated_by_id: user.id, updated_at: sql`now()` });
  return sql`${update} WHERE id = ${id} RETURNING *`;
}

/**
 * Runs a change of one task, and returns its output.
 * @param writing returns the task's row
 * @param notifying an INSERT of notifications that reads that row as `changed`
 */
export function changedTask(
  transaction: TenantTransaction,
  writing: Sql,
  notifying?: Sql,
): Pending<TaskOutput> {
  const made = notifying ? sql`, made AS (${notifying})` : sql``;
  const told = notifying ? sql`, ${ANNOUNCE_MADE} AS told` : sql``;
  const changing = wrap(
    tasks.from(sql`changed`),
    (rows) => sql`WITH changed AS (${writing})${made} SELECT r.*${told} FROM (${rows}) r`,
  );
  return transaction.send(changing).map(firstOr(() => new Error('a change of a task returned no row')));
}
