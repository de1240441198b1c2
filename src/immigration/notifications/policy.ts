import { signedIn } from '../../routing/policy.js';

/** Everybody signed in may see and change notifications: their own, which every statement asks for. */
export const notificationPolicy = { own: signedIn };
