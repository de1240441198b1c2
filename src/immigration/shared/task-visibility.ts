import type { CurrentUser } from '../../auth/current-user.js';
import { roleOf, type Scope, scopeOf } from '../../auth/scope.js';
import { anyOf } from '../../database/conditions.js';
import { type Sql, sql } from '../../database/sql.js';
import { clientInScope } from './client-access.js';

// The visibility of tasks, for lists, details, counts, actions and links to tasks.

/** The content type of clients, whose number may differ in a migrated database. */
export const CLIENT_TYPE = sql<number>`(
  SELECT id FROM django_content_type WHERE app_label = 'immigration' AND model = 'client')`;

/**
 * Returns the branches whose tasks a user sees: those of the scope and the user's own. With the whole tenant in scope
 * these are the user's own; without a group there are none.
 */
export function taskBranches(user: CurrentUser): readonly number[] {
  const scope = scopeOf(user);
  if (scope.kind === 'tenant') return user.branchIds;
  return user.groups.length === 0 ? [] : [...new Set([...scope.branchIds, ...user.branchIds])];
}

/** Returns the condition that a task `r` belongs to a client in this scope. */
function linkedToClient(scope: Scope): Sql<boolean> {
  return sql`(r.content_type_id = ${CLIENT_TYPE} AND ${clientInScope(scope, 'r.object_id')})`;
}

/**
 * Returns the conditions under which a user sees a task `r`; one suffices. Empty: the user sees all of them. They are
 * separate so that each can use an index of its own.
 */
export function taskVisibilityConditions(user: CurrentUser): readonly Sql<boolean>[] {
  const scope = scopeOf(user);
  if (scope.kind === 'tenant') return [];
  const branches = taskBranches(user);
  const conditions: Sql<boolean>[] = [
    sql`r.assigned_to_id = ${user.id}`,
    sql`r.assigned_by_id = ${user.id}`,
    sql`r.created_by_id = ${user.id}`,
  ];
  if (branches.length > 0) conditions.push(sql`r.branch_id = ANY (${branches}::bigint[])`);
  if (scope.branchIds.length > 0) {
    conditions.push(linkedToClient(scope));
    if (roleOf(user) === 'REGION_MANAGER') {
      conditions.push(sql`r.assigned_to_id IN (
        SELECT ub.user_id FROM immigration_user_branches ub WHERE ub.branch_id = ANY (${scope.branchIds}::bigint[]))`);
    }
  }
  return conditions;
}

/** Returns the condition under which a user sees a task `r`. */
export function taskVisible(user: CurrentUser): Sql<boolean> {
  const conditions = taskVisibilityConditions(user);
  return conditions.length === 0 ? sql`true` : anyOf(conditions);
}
