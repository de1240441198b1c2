import type { CurrentUser } from '../../auth/current-user.js';
import { allows, requires } from '../../routing/policy.js';
import { modelPolicy, type ResourcePolicy } from '../shared/resource-policy.js';

const byRight = modelPolicy('note');

/**
 * The policies of notes. Authors may also change and delete their notes, so the routes require only the permission to
 * view them.
 */
export const notePolicy: ResourcePolicy = {
  ...byRight,
  change: requires('view_note', 'change_note'),
  remove: requires('view_note', 'delete_note'),
};

/** Returns whether a user may change or delete a note in their scope: as its author, or by the permission for it. */
export function mayWrite(user: CurrentUser, author: number | null, action: 'change' | 'remove'): boolean {
  return author === user.id || allows(byRight[action], user);
}
