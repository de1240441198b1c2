import type { Model } from '../../kinds/kinds.js';
import { permissionTo } from '../../kinds/permissions.js';
import { type Policy, requires, signedIn, superAdmin } from '../../routing/policy.js';
import type { RouteDefinition } from '../../routing/route.js';

/** Who may do what with a resource; with whose records, the scope decides. */
export interface ResourcePolicy {
  readonly see: Policy;
  readonly create: Policy;
  readonly change: Policy;
  readonly remove: Policy;
  /** Bringing back what was softly deleted. */
  readonly restore: Policy;
}

/** Django's four permissions of a model; restoring asks for the one to delete. @param model `agent`, `visaapplication` */
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

/** Returns the same, but anyone who is signed in may see: for what all staff choose from. */
export function catalogPolicy(model: Model): ResourcePolicy {
  return { ...modelPolicy(model), see: signedIn };
}

/** Anyone who is signed in may do all this with what is their own; what more they may, each record decides. */
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

/** Documents the 403 of routes whose policy lets in anyone who is signed in, while single records may be refused. */
export function refusedByRecord(routes: readonly RouteDefinition[]): RouteDefinition[] {
  return routes.map((definition) => ({ ...definition, errors: [403, ...(definition.errors ?? [])] }));
}
