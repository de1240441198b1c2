import { type Scope, scopeBranches } from '../../auth/scope.js';
import { type RawBuilder, sql } from '../../database/queries.js';

/** The condition that a branch, by the column of its id (`r.branch_id`), lies in the scope. */
export function branchInScope(scope: Scope, column: string): RawBuilder<boolean> {
  const branches = scopeBranches(scope);
  return branches === null ? sql`true` : sql`${sql.ref(column)} = ANY (${branches}::bigint[])`;
}
