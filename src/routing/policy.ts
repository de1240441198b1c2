import type { CurrentUser } from '../auth/current-user.js';
import { scopeOf } from '../auth/scope.js';
import { isPermission, type Permission } from '../kinds/permissions.js';

/** The roles of operators, each with all rights of those before it. */
export const OPERATOR_ROLES = ['reader', 'support', 'operator', 'owner'] as const;
export type OperatorRole = (typeof OPERATOR_ROLES)[number];

/**
 * The users who may use a route. `public`: anybody; `signedIn`: any active user of the tenant; `permission`: holders of
 * one of these permissions (`app_label.codename`) and, with `ownId`, the user whose id is in the path; `wholeTenant`:
 * users whose role covers the whole tenant, whatever permissions they or others hold; `operator`: operators of the
 * platform with this role or a higher one, and no user of any tenant. A route without a policy prevents the start.
 */
export type Policy =
  | { readonly kind: 'public' }
  | { readonly kind: 'signedIn' }
  | { readonly kind: 'wholeTenant' }
  | { readonly kind: 'permission'; readonly anyOf: readonly string[]; readonly ownId?: true }
  | { readonly kind: 'operator'; readonly right: string | null; readonly lowest: OperatorRole };

export const anybody: Policy = { kind: 'public' };
export const signedIn: Policy = { kind: 'signedIn' };
/** SUPER_ADMIN, and superusers without a group. */
export const superAdmin: Policy = { kind: 'wholeTenant' };

/**
 * Returns the policy that requires one of these permissions.
 * @param codenames of permissions of the app `immigration`, or with their app: `auth.add_group`; one suffices
 */
export function requires(
  ...codenames: [Permission, ...Permission[]]
): Extract<Policy, { kind: 'permission' }> {
  const anyOf = codenames.map((codename) => (codename.includes('.') ? codename : `immigration.${codename}`));
  return { kind: 'permission', anyOf };
}

/** Returns the same policy, except that users may also reach their own record, whose id is in the path. */
export function orOwnRecord(policy: Extract<Policy, { kind: 'permission' }>): Policy {
  return { ...policy, ownId: true };
}

/**
 * Returns whether this user may use a route with this policy.
 * @param params the path's parameters, for policies that include a user's own record
 */
export function allows(policy: Policy, user: CurrentUser | null, params?: unknown): boolean {
  if (policy.kind === 'public') return true;
  if (!user || policy.kind === 'operator') return false;
  if (policy.kind === 'signedIn') return true;
  if (policy.kind === 'wholeTenant') return scopeOf(user).kind === 'tenant';
  if (policy.ownId && (params as { id?: string } | undefined)?.id === String(user.id)) return true;
  return policy.anyOf.some((permission) => user.permissions.has(permission));
}

/** Returns whether an operator with this role may use a route with this policy. */
export function allowsOperator(policy: Policy, role: OperatorRole): boolean {
  if (policy.kind !== 'operator') return policy.kind === 'public';
  return OPERATOR_ROLES.indexOf(role) >= OPERATOR_ROLES.indexOf(policy.lowest);
}

/**
 * Returns the policy of the route with this name.
 * @throws Error if it has none, or names a permission that no kind has: nobody could use it
 */
export function requiredPolicy(name: string, policy: Policy | undefined): Policy {
  if (!policy) throw new Error(`${name} has no policy; say who may use it`);
  const unknown =
    policy.kind === 'permission' && policy.anyOf.find((permission) => !isPermission(permission));
  if (unknown) {
    throw new Error(
      `the policy of ${name} names ${unknown}, which no kind of records has (src/kinds/); a migration creates it`,
    );
  }
  return policy;
}
