import { type Policy, requires, signedIn } from '../../http/policy.js';

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
export function modelPolicy(model: string): ResourcePolicy {
  return {
    see: requires(`view_${model}`),
    create: requires(`add_${model}`),
    change: requires(`change_${model}`),
    remove: requires(`delete_${model}`),
    restore: requires(`delete_${model}`),
  };
}

/** The same, but anyone who is signed in may see: for what all staff choose from. */
export function catalogPolicy(model: string): ResourcePolicy {
  return { ...modelPolicy(model), see: signedIn };
}
