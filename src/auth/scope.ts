import { type Sql, sql } from '../database/sql.js';
import type { CurrentUser } from './current-user.js';

export const ROLES = ['SUPER_ADMIN', 'REGION_MANAGER', 'BRANCH_ADMIN', 'CONSULTANT'] as const;
export type Role = (typeof ROLES)[number];

/** The branches whose records a user sees: all of the tenant's, or these (none: nothing). */
export type Scope =
  | { readonly kind: 'tenant' }
  | { readonly kind: 'branches'; readonly branchIds: readonly number[] };

const WHOLE_TENANT: Scope = { kind: 'tenant' };

/** Returns the role that decides a user's scope: the primary group, where it is one of the four. */
export function roleOf(user: CurrentUser): Role | null {
  return ROLES.find((role) => role === user.groups[0]) ?? null;
}

/** Returns a user's scope, used by every resource that belongs to a branch. */
export function scopeOf(user: CurrentUser): Scope {
  const primary = user.groups[0];
  if (primary === 'SUPER_ADMIN' || (user.isSuperuser && primary === undefined)) return WHOLE_TENANT;
  if (primary === undefined) return { kind: 'branches', branchIds: [] };
  if (primary === 'REGION_MANAGER') return { kind: 'branches', branchIds: user.regionBranchIds };
  return { kind: 'branches', branchIds: user.branchIds };
}

/** Returns whether a record of this branch (null: of none) is in the scope. */
export function covers(scope: Scope, branchId: number | null): boolean {
  return scope.kind === 'tenant' || (branchId !== null && scope.branchIds.includes(branchId));
}

/**
 * Returns the scope's branches for SQL, where null stands for the whole tenant: `($1::bigint[] IS NULL OR branch_id =
 * ANY ($1))`.
 */
export function scopeBranches(scope: Scope): readonly number[] | null {
  return scope.kind === 'tenant' ? null : scope.branchIds;
}

/** Returns the condition that a branch, by the column of its id (`r.branch_id`), lies in the scope. */
export function branchInScope(scope: Scope, column: string): Sql<boolean> {
  const branches = scopeBranches(scope);
  return branches === null ? sql`true` : sql`${sql.ref(column)} = ANY (${branches}::bigint[])`;
}

const GIVEN_BY: Readonly<Partial<Record<Role, readonly Role[]>>> = {
  REGION_MANAGER: ['BRANCH_ADMIN', 'CONSULTANT'],
  BRANCH_ADMIN: ['CONSULTANT'],
};

/**
 * Returns the roles that a user may assign, and whose holders they may change: with a scope of the whole tenant all but
 * SUPER_ADMIN, which takes a superuser; otherwise those below their own.
 */
export function rolesGivenBy(user: CurrentUser): readonly Role[] {
  if (scopeOf(user).kind === 'tenant') return user.isSuperuser ? ROLES : ROLES.slice(1);
  return GIVEN_BY[roleOf(user) ?? 'CONSULTANT'] ?? [];
}
