import { orOwnRecord, requires, signedIn } from '../../routing/policy.js';
import type { ResourcePolicy } from '../shared/resource-policy.js';

/** Only users who may create or change users may list them; anyone may read their own record and possible assignees. */
export const userPolicy = {
  see: orOwnRecord(requires('add_user', 'change_user')),
  choose: signedIn,
  create: requires('add_user'),
  change: requires('change_user'),
  remove: requires('delete_user'),
  restore: requires('delete_user'),
} satisfies ResourcePolicy & { choose: unknown };
