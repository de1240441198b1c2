import { branchInScope, roleOf, scopeOf } from '../../auth/scope.js';
import { allOf } from '../../database/conditions.js';
import { type RawBuilder, sql } from '../../database/queries.js';
import { isId } from '../../http/path-id.js';
import type { ReportQuery } from './report-query.js';

/** The condition that a client `c` is there, in scope, and of the branch that is asked for. */
export function clientInReach({ user, branch }: ReportQuery): RawBuilder<boolean> {
  return allOf([
    sql`c.deleted_at IS NULL`,
    branchInScope(scopeOf(user), 'c.branch_id'),
    branch !== null && isOf(sql`c.branch_id`, branch),
  ]);
}

/** Consultants see in reports how they do themselves: the condition that this column holds who asks, if that is one. */
export function ownOnly({ user }: ReportQuery, column: string): RawBuilder<boolean> {
  return roleOf(user) === 'CONSULTANT' ? sql`${sql.ref(column)} = ${user.id}` : sql`true`;
}

/** The condition that a client `c` counts: one in reach, and for a consultant assigned to them. */
export function clientCounts(question: ReportQuery): RawBuilder<boolean> {
  return allOf([clientInReach(question), ownOnly(question, 'c.assigned_to_id')]);
}

/** The condition that this column holds an id that a request gave; one that no record can have is no record's. */
export function isOf(column: RawBuilder<unknown>, id: number): RawBuilder<boolean> {
  return isId(id) ? sql`${column} = ${id}` : sql`false`;
}
