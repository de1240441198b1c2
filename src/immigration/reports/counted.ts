import { branchInScope, roleOf, scopeOf } from '../../auth/scope.js';
import { allOf } from '../../database/conditions.js';
import { type Sql, sql } from '../../database/sql.js';
import { isId } from '../../http/path-id.js';
import type { ReportQuery } from './report-query.js';

/** Returns the condition that a client `c` exists, is in scope, and belongs to the requested branch. */
export function clientInReach({ user, branch }: ReportQuery): Sql<boolean> {
  return allOf([
    sql`c.deleted_at IS NULL`,
    branchInScope(scopeOf(user), 'c.branch_id'),
    branch !== null && isOf(sql`c.branch_id`, branch),
  ]);
}

/**
 * Returns the condition that this column holds the current user, if that is a consultant: consultants see only their
 * own figures.
 */
export function ownOnly({ user }: ReportQuery, column: string): Sql<boolean> {
  return roleOf(user) === 'CONSULTANT' ? sql`${sql.ref(column)} = ${user.id}` : sql`true`;
}

/** Returns the condition that a client `c` counts: one in reach, and for a consultant assigned to them. */
export function clientCounts(query: ReportQuery): Sql<boolean> {
  return allOf([clientInReach(query), ownOnly(query, 'c.assigned_to_id')]);
}

/** Returns the condition that this column holds a requested id; an impossible id matches nothing. */
export function isOf(column: Sql, id: number): Sql<boolean> {
  return isId(id) ? sql`${column} = ${id}` : sql`false`;
}
