import type { CurrentUser } from '../../auth/current-user.js';
import { type RawBuilder, sql } from '../../database/queries.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { displayOf } from '../shared/display.js';
import { type NameColumn, NamedColumns } from '../shared/names.js';
import { fullName } from '../shared/people.js';
import { taskVisible } from '../shared/task-visibility.js';
import { taskDenied, taskNotFound } from './errors.js';
import type { TaskOutput } from './schemas.js';

const TYPE = sql`(SELECT t.model FROM django_content_type t WHERE t.id = r.content_type_id)`;

/** Username and full name of the user in this column, of rows `r`. */
const person = (name: NameColumn, column: string) => sql`
  ${sql.ref(`r.${column}_id`)} AS ${sql.ref(column)},
  ${name('username', `${column}_name`, column)}, ${name('person', `${column}_full_name`, column)}`;

/** A task's columns as the API shows them, of rows `r`. */
export const taskColumns = new NamedColumns(
  (name) => sql<TaskOutput>`
    r.id, r.title, r.detail, r.priority, ${displayOf('r.priority')} AS priority_display,
    r.status, ${displayOf('r.status')} AS status_display, r.due_date, ${person(name, 'assigned_to')},
    r.branch_id, ${name('branch', 'branch_name', 'branch_id')}, r.branch_id IS NOT NULL AS assigned_to_branch,
    ${person(name, 'assigned_by')}, ${person(name, 'created_by')}, ${person(name, 'updated_by')}, r.tags, r.comments,
    r.content_type_id AS content_type, r.object_id, ${TYPE} AS linked_entity_type, r.object_id AS linked_entity_id,
    CASE ${TYPE}
      WHEN 'client' THEN (SELECT ${fullName('c')} FROM immigration_client c WHERE c.id = r.object_id)
      WHEN 'visaapplication' THEN
        (SELECT 'Visa Application' FROM immigration_visaapplication v WHERE v.id = r.object_id)
    END AS linked_entity_name,
    r.completed_at, r.created_at, r.updated_at`,
);

/** The API's form of the tasks that `source` (a subquery, or a table's name) yields, as rows `r`. */
export function tasksFrom(source: RawBuilder<unknown> = sql`immigration_task`): RawBuilder<TaskOutput> {
  return sql<TaskOutput>`SELECT ${taskColumns.whole} FROM ${source} r`;
}

/** One task that the user sees. @throws HttpError 404 */
export async function readTask(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
): Promise<TaskOutput> {
  const [task] = await transaction.last(
    sql<TaskOutput>`${tasksFrom()} WHERE r.id = ${id} AND ${taskVisible(user)}`,
  );
  if (!task) throw taskNotFound();
  return task;
}

/** What the services decide on. */
export interface StoredTask {
  readonly id: number;
  readonly status: string;
  readonly assigned_to_id: number | null;
  readonly assigned_by_id: number | null;
  readonly created_by_id: number | null;
  readonly branch_id: number | null;
}

/**
 * A task that the user sees, locked against other changes (`NO KEY UPDATE`) or to be deleted (`UPDATE`).
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
