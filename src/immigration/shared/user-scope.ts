import type { CurrentUser } from '../../auth/current-user.js';
import { roleOf, scopeBranches, scopeOf } from '../../auth/scope.js';
import { anyOf } from '../../database/conditions.js';
import { type Sql, sql } from '../../database/sql.js';

/** The workplaces of a user that put them into another's scope. */
export interface Workplaces {
  /** Branches that are not deleted. */
  readonly branchIds: readonly number[];
  readonly regionIds: readonly number[];
}

const overlap = (some: readonly number[], others: readonly number[]) =>
  some.some((id) => others.includes(id));

/** Returns the regions by which users are in a user's scope: those of a region manager. */
function scopeRegions(user: CurrentUser): readonly number[] {
  return roleOf(user) === 'REGION_MANAGER' ? user.regionIds : [];
}

/** Returns whether somebody is in a user's scope: by a shared branch, or for a region manager by region. */
export function reachesUser(user: CurrentUser, { branchIds, regionIds }: Workplaces): boolean {
  const branches = scopeBranches(scopeOf(user));
  return branches === null || overlap(branches, branchIds) || overlap(scopeRegions(user), regionIds);
}

/** Returns the same condition in SQL, for users `r`. */
export function userInScope(user: CurrentUser): Sql<boolean> {
  const branches = scopeBranches(scopeOf(user));
  if (branches === null) return sql`true`;
  const regions = scopeRegions(user);
  const conditions: Sql<boolean>[] = [];
  if (branches.length > 0) {
    conditions.push(sql`EXISTS (SELECT FROM immigration_user_branches ub
      WHERE ub.user_id = r.id AND ub.branch_id = ANY (${branches}::bigint[]))`);
  }
  if (regions.length > 0) {
    conditions.push(sql`EXISTS (SELECT FROM immigration_user_regions ur
      WHERE ur.user_id = r.id AND ur.region_id = ANY (${regions}::bigint[]))`);
  }
  return anyOf(conditions);
}
