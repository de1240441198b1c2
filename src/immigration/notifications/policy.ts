import { signedIn } from '../../routing/policy.js';

/** The policies of notifications: every signed-in user sees and changes their own, which every statement checks. */
export const notificationPolicy = { own: signedIn };
