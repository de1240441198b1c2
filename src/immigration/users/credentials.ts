import type { AccountMails } from '../../auth/account-mails.js';
import type { CurrentUser } from '../../auth/current-user.js';
import { forgetUserFailures } from '../../auth/login-throttle.js';
import type { OwnSessions } from '../../auth/own-sessions.js';
import { recordSecurityEvent } from '../../auth/security-log.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { invalidField, permissionDenied } from '../../http/errors.js';
import type { LateInput } from '../../http/fields/body.js';
import { MESSAGES } from '../../http/fields/field.js';
import { clientOf } from '../../routing/client-device.js';
import type { UserRequest } from '../../routing/route.js';
import type { Tenant } from '../../tenancy/tenants.js';
import { lockUser, type UserChange } from './access.js';
import { userPolicy } from './policy.js';
import type { UserPatchInput } from './schemas.js';
import { checkWithin } from './workplaces.js';

/**
 * Asks for the present password of users who change their own e-mail address: to it go the links with which a password
 * is set, so that an open session alone must not change it.
 * @returns whether it was right; false where it is not needed
 * @throws HttpError 400 when it is missing or wrong, 429 after too many failures
 */
export async function proveOwnChange(
  sessions: OwnSessions,
  request: UserRequest,
  id: number,
  body: LateInput<UserPatchInput>,
): Promise<boolean> {
  const { tenant, user } = request;
  if (id !== user.id) return false;
  const { email, current_password: current } = body.read();
  if (email === undefined || email === user.email) return false;
  if (current === undefined) throw passwordNeeded();
  await sessions.provePassword(tenant, user, current, clientOf(request), 'change of the e-mail address');
  return true;
}

/** Checks that a user may be given another e-mail address. @throws HttpError 400 or 403 */
export function checkNewEmail(change: UserChange, isProved: boolean): void {
  if (!change.isSelf) checkMayActAs(change, 'change the e-mail address');
  else if (!isProved) throw passwordNeeded();
}

function passwordNeeded() {
  return invalidField('current_password', MESSAGES.required);
}

/**
 * Checks that an actor may change what allows acting as the target, which must not give them more access.
 * @param what the deed, for the message
 * @throws HttpError 403 when the target has branches, regions or own permissions that the actor does not
 */
export function checkMayActAs({ actor, target }: UserChange, what: string): void {
  checkWithin(actor, target);
  if (target.permissions.every((permission) => actor.permissions.has(permission))) return;
  throw permissionDenied(`User ${actor.username} cannot ${what} of user ${target.username}`);
}

/** Tells a user of a new e-mail address, at the old one and at the new one. */
export function tellNewEmail(
  mails: AccountMails,
  transaction: TenantTransaction,
  tenant: Tenant,
  { target }: UserChange,
  email: string,
): void {
  for (const to of [target.email, email]) {
    mails.queue(transaction, tenant, { name: 'email-changed', account: target, to, values: { email } });
  }
}

/** Lets a user try to log in again after too many failures. @throws HttpError 404, 403 */
export async function unlockUser(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
): Promise<void> {
  const { target } = await lockUser(transaction, user, id, userPolicy.change);
  transaction.send(forgetUserFailures(target.username));
  recordSecurityEvent(transaction, { kind: 'login_unlocked', userId: id, username: target.username });
}
