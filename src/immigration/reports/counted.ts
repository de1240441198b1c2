import { branchInScope, roleOf, scopeOf } from '../../auth/scope.js';
import { allOf } from '../../database/conditions.js';
import { type Sql, sql } from '../../database/sql.js';
import { isId } from '../../http/path-id.js';
import type { ReportQuery } from './report-query.js';

/** The condition that a client `c` is not archived. */
const IS_THERE = sql<boolean>`c.deleted_at IS NULL`;

/** The condition that a client `c` is not archived, or was not when it was erased: figures stay then. */
const COUNTS = sql<boolean>`(${IS_THERE} OR c.id IN (SELECT e.client_id FROM erased_client e WHERE e.counted))`;

/** Returns the condition that a client `c` exists, is in scope, and belongs to the requested branch. */
export function clientInReach(query: ReportQuery): Sql<boolean> {
  return within(IS_THERE, query);
}

function within(existence: Sql<boolean>, { user, branch }: ReportQuery): Sql<boolean> {
  return allOf([
    existence,
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

/**
 * Returns the condition that a client `c` counts: one in reach, and for a consultant assigned to them. Erased ones count
 * as before.
 */
export function clientCounts(query: ReportQuery): Sql<boolean> {
  return allOf([within(COUNTS, query), ownOnly(query, 'c.assigned_to_id')]);
}

/** Returns the condition that this column holds a requested id; an impossible id matches nothing. */
export function isOf(column: Sql, id: number): Sql<boolean> {
  return isId(id) ? sql`${column} = ${id}` : sql`false`;
}
