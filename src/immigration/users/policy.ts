import { orOwnRecord, requires, signedIn } from '../../http/policy.js';
import type { ResourcePolicy } from '../shared/resource-policy.js';

/** Only who may make or change users opens the list of them; one's own record, and whom to assign to, anyone reads. */
export const userPolicy = {
  see: orOwnRecord(requires('add_user', 'change_user')),
  choose: signedIn,
  create: requires('add_user'),
  change: requires('change_user'),
  remove: requires('delete_user'),
  restore: requires('delete_user'),
} satisfies ResourcePolicy & { choose: unknown };
