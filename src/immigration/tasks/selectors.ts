import type { CurrentUser } from '../../auth/current-user.js';
import { firstOr } from '../../database/pending.js';
import { sql } from '../../database/sql.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import { displayOf } from '../shared/display.js';
import { named } from '../shared/names.js';
import { fullName } from '../shared/people.js';
import { Records } from '../shared/records.js';
import { taskVisible } from '../shared/task-visibility.js';
import { taskDenied, taskNotFound } from './errors.js';
import { TaskOutput } from './schemas.js';

const TYPE = sql<string | null>`(SELECT t.model FROM django_content_type t WHERE t.id = r.content_type_id)`;

export const tasks = new Records({
  table: 'immigration_task',
  output: TaskOutput,
  columns: {
    priority_display: displayOf('r.priority'),
    status_display: displayOf('r.status'),
    assigned_to_name: named('username', 'assigned_to_id'),
    assigned_to_full_name: named('person', 'assigned_to_id'),
    branch_name: named('branch', 'branch_id'),
    assigned_to_branch: sql<boolean>`r.branch_id IS NOT NULL`,
    assigned_by_name: named('username', 'assigned_by_id'),
    assigned_by_full_name: named('person', 'assigned_by_id'),
    created_by_name: named('username', 'created_by_id'),
    created_by_full_name: named('person', 'created_by_id'),
    updated_by_name: named('username', 'updated_by_id'),
    updated_by_full_name: named('person', 'updated_by_id'),
    linked_entity_type: TYPE,
    linked_entity_id: 'object_id',
    linked_entity_name: sql<string | null>`CASE ${TYPE}
      WHEN 'client' THEN (SELECT ${fullName('c')} FROM immigration_client c WHERE c.id = r.object_id)
      WHEN 'visaapplication' THEN
        (SELECT 'Visa Application' FROM immigration_visaapplication v WHERE v.id = r.object_id)
    END`,
  },
});

/** Returns one task that the user sees. @throws HttpError 404 */
export function readTask(transaction: TenantTransaction, user: CurrentUser, id: number): Pending<TaskOutput> {
  const task = tasks.select(sql`WHERE r.id = ${id} AND ${taskVisible(user)}`);
  return transaction.send(task).map(firstOr(taskNotFound));
}

/** The columns on which the services decide. */
export interface StoredTask {
  readonly id: number;
  readonly status: string;
  readonly assigned_to_id: number | null;
  readonly assigned_by_id: number | null;
  readonly created_by_id: number | null;
  readonly branch_id: number | null;
}

/**
 * Returns a task that the user sees, locked against other changes (`NO KEY UPDATE`) or to be deleted (`UPDATE`).
 * @throws HttpError 404
 */
export async function lockTask(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
  lock: 'NO KEY UPDATE' | 'UPDATE' = 'NO KEY UPDATE',
): Promise<StoredTask> {
  const [task] = await transaction.query(sql<StoredTask>`
    SELECT r.id, r.status, r.assigned_to_id, r.assigned_by_id, r.created_by_id, r.branch_id
    FROM immigration_task r WHERE r.id = ${id} AND ${taskVisible(user)}
    FOR ${lock === 'UPDATE' ? sql`UPDATE` : sql`NO KEY UPDATE`} OF r`);
  if (!task) throw taskDenied();
  return task;
}
