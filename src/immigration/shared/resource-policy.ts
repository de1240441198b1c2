import type { Model } from '../../kinds/kinds.js';
import { permissionTo } from '../../kinds/permissions.js';
import { type Policy, requires, signedIn, superAdmin } from '../../routing/policy.js';
import type { RouteDefinition } from '../../routing/route.js';

/** The policies of a resource's actions; the scope decides on which records. */
export interface ResourcePolicy {
  readonly see: Policy;
  readonly create: Policy;
  readonly change: Policy;
  readonly remove: Policy;
  /** Restoring what was soft-deleted. */
  readonly restore: Policy;
}

/**
 * Returns the policies of Django's four permissions of a model; restoring requires the one to delete.
 * @param model `agent`, `visaapplication`
 */
export function modelPolicy(model: Model): ResourcePolicy {
  const remove = requires(permissionTo('delete', model));
  return {
    see: requires(permissionTo('view', model)),
    create: requires(permissionTo('add', model)),
    change: requires(permissionTo('change', model)),
    remove,
    restore: remove,
  };
}

/** Returns the same policies, but any signed-in user may view: for what all staff choose from. */
export function catalogPolicy(model: Model): ResourcePolicy {
  return { ...modelPolicy(model), see: signedIn };
}

/**
 * Policies for own records: any signed-in user may do all this with their own; further access is decided by each
 * record.
 */
export const ownPolicy: ResourcePolicy = {
  see: signedIn,
  create: signedIn,
  change: signedIn,
  remove: signedIn,
  restore: signedIn,
};

/** Only SUPER_ADMIN, and superusers without a group, whatever permissions they or others hold. */
export const onlySuperAdmin: ResourcePolicy = {
  see: superAdmin,
  create: superAdmin,
  change: superAdmin,
  remove: superAdmin,
  restore: superAdmin,
};

/** Documents the 403 of routes whose policy admits any signed-in user, although single records may be refused. */
export function refusedByRecord(routes: readonly RouteDefinition[]): RouteDefinition[] {
  return routes.map((definition) => ({ ...definition, errors: [403, ...(definition.errors ?? [])] }));
}
