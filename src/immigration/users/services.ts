import type { AccountMails } from '../../auth/account-mails.js';
import type { CurrentUser } from '../../auth/current-user.js';
import { checkPassword, type NewPasswords } from '../../auth/new-passwords.js';
import type { OwnSessions } from '../../auth/own-sessions.js';
import { demandPassword } from '../../auth/password-demand.js';
import { hashPassword, unusablePassword } from '../../auth/passwords.js';
import { rolesGivenBy } from '../../auth/scope.js';
import { recordSecurityEvent } from '../../auth/security-log.js';
import { firstOr } from '../../database/pending.js';
import { sql } from '../../database/sql.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import { insertInto, updateOf } from '../../database/writes.js';
import { detailError, invalidField, permissionDenied } from '../../http/errors.js';
import type { LateInput } from '../../http/fields/body.js';
import type { Tenant } from '../../tenancy/tenants.js';
import { checkGrants, replacePermissions } from '../shared/permissions.js';
import type { Workplaces } from '../shared/user-scope.js';
import { holdActor, lockUser, type UserChange } from './access.js';
import { checkMayActAs, checkNewEmail, tellNewEmail } from './credentials.js';
import type { Invitations } from './invitations.js';
import { userPolicy } from './policy.js';
import type { UserCreateInput, UserOutput, UserPatchInput } from './schemas.js';
import { recordUserChanges } from './security-events.js';
import { selectUsers } from './selectors.js';
import { claimIdentity, claimSeat, keepSuperAdmin } from './tenant-wide-rules.js';
import { checkWithin, difference, placesOfNew, readPlaces, replacePlaces } from './workplaces.js';

const OWN_RIGHTS = 'You cannot change your own groups, permissions or scope';
const OWN_PASSWORD =
  'Your own password is changed at users/change-password/, which asks for the present one.';

/** The dependencies of changes to users, besides the transaction. */
export interface UserWork {
  readonly tenant: Tenant;
  /** The client's address. */
  readonly address: string;
  readonly sessions: OwnSessions;
  readonly passwords: NewPasswords;
  readonly mails: AccountMails;
  readonly invitations: Invitations;
}

/**
 * Creates a user in one of the roles that the actor may assign.
 * @throws HttpError 403 for another role, or branches out of reach; 400 for what is taken, does not exist, or is a bad
 * password, and when the tenant may have no more users
 */
export async function createUser(
  transaction: TenantTransaction,
  user: CurrentUser,
  input: UserCreateInput,
  { tenant, address, invitations }: UserWork,
): Promise<Pending<UserOutput>> {
  const { username, email, first_name, last_name, password, group_name, is_active = true } = input;
  const actor = await holdActor(transaction, user, userPolicy.create);
  checkRole(actor, group_name);
  const account = { username, email, firstName: first_name, lastName: last_name };
  if (input.invite) invitations.check(password);
  else checkPassword('password', password ?? '', account);
  const places = placesOfNew(actor, await readPlaces(transaction, input));
  const hash =
    password === undefined
      ? unusablePassword()
      : await hashPassword(password, { tenant: tenant.schema, address });
  await claimIdentity(transaction, { username, email }, null);
  if (is_active) await claimSeat(transaction, tenant);
  const row = { username, email, first_name, last_name, password: hash, is_active };
  const [created] = await transaction.query(
    sql<{ id: number }>`${insertInto('immigration_user', row)} RETURNING id`,
  );
  if (!created) throw new Error('the storing of a user returned no row');
  const { id } = created;
  replaceGroups(transaction, id, group_name);
  replacePlaces(transaction, id, places);
  const detail = { group: group_name, active: is_active };
  recordSecurityEvent(transaction, { kind: 'user_created', userId: id, username, detail });
  if (input.invite) invitations.send(transaction, tenant, { id, ...account });
  return shownUser(transaction, id);
}

/**
 * Changes the given fields of a user.
 * @throws HttpError 404 out of scope; 403 for a user, a role or branches out of reach, and for one's own permissions;
 * 400
 */
export async function updateUser(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
  body: LateInput<UserPatchInput>,
  work: UserWork & { readonly isProved: boolean },
): Promise<Pending<UserOutput>> {
  const { tenant, sessions } = work;
  const change = await lockUser(transaction, user, id, userPolicy.change);
  const { target } = change;
  const given = body.read();
  const { email, first_name, last_name, password, group_name, is_active } = given;
  const role = group_name === target.groups[0] ? undefined : group_name;
  const places = await changePlaces(transaction, change, given, role !== undefined);
  if (role !== undefined) {
    if (change.isSelf) throw permissionDenied(OWN_RIGHTS);
    checkRole(change.actor, role);
  }
  if (is_active === false && change.isSelf) throw detailError(400, 'You cannot disable yourself');
  const person = { email, first_name, last_name };
  const hash = password === undefined ? undefined : await newPassword(change, password, person, work);
  const newEmail = email === target.email ? undefined : email;
  if (newEmail !== undefined) {
    checkNewEmail(change, work.isProved);
    await claimIdentity(transaction, { email: newEmail }, id);
  }
  if (is_active === true && !target.isActive) await claimSeat(transaction, tenant);
  const isDisabled = is_active === false && target.isActive;
  const leaves =
    target.groups.includes('SUPER_ADMIN') && target.isActive && (isDisabled || role !== undefined);
  if (leaves) await keepSuperAdmin(transaction, id);
  if (role !== undefined) replaceGroups(transaction, id, role);
  if (hash !== undefined) await work.passwords.store(transaction, tenant, target, hash, 'admin');
  const ended = isDisabled && hash === undefined ? await sessions.endEvery(transaction, id) : 0;
  const values = definedOf({ ...person, is_active });
  if (Object.keys(values).length > 0) {
    transaction.send(sql`${updateOf('immigration_user', values)} WHERE id = ${id}`);
  }
  if (newEmail !== undefined) tellNewEmail(work.mails, transaction, tenant, change, newEmail);
  recordUserChanges(transaction, target, { email, isActive: is_active, role, places, ended });
  return shownUser(transaction, id);
}

/**
 * Disables a user, whose sessions end; a disabled one stays so.
 * @throws HttpError 404, 403; 400 for oneself and the last active SUPER_ADMIN
 */
export async function disableUser(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
  { sessions }: UserWork,
): Promise<void> {
  const { target, isSelf } = await lockUser(transaction, user, id, userPolicy.remove);
  if (isSelf) throw detailError(400, 'You cannot disable yourself');
  if (!target.isActive) return;
  if (target.groups.includes('SUPER_ADMIN')) await keepSuperAdmin(transaction, id);
  const ended = await sessions.endEvery(transaction, id);
  transaction.send(sql`UPDATE immigration_user SET is_active = false WHERE id = ${id}`);
  recordUserChanges(transaction, target, { isActive: false, ended });
}

/** Gives another user a new password, which may have to be changed at once, and ends their sessions. @throws HttpError 404, 403, 400 */
export async function resetPassword(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
  body: LateInput<{ readonly password: string; readonly must_change_password?: boolean }>,
  work: UserWork,
): Promise<void> {
  const change = await lockUser(transaction, user, id, userPolicy.change);
  const { password, must_change_password } = body.read();
  const hash = await newPassword(change, password, {}, work);
  await work.passwords.store(transaction, work.tenant, change.target, hash, 'admin');
  if (must_change_password) transaction.send(demandPassword(id));
}

/** Replaces the user's own permissions. @throws HttpError 404, 403, 400 */
export async function assignPermissions(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
  body: LateInput<{ readonly permission_ids: readonly number[] }>,
): Promise<Pending<UserOutput>> {
  const { actor, target, isSelf } = await lockUser(transaction, user, id, userPolicy.change);
  if (isSelf) throw permissionDenied(OWN_RIGHTS);
  const ids = body.read().permission_ids;
  const detail = await checkGrants(transaction, actor, ids, target.permissionIds);
  replacePermissions(transaction, 'immigration_user_user_permissions', 'user_id', id, ids);
  recordSecurityEvent(transaction, {
    kind: 'permissions_changed',
    userId: id,
    username: target.username,
    detail,
  });
  return shownUser(transaction, id);
}

/** Checks a new role. @throws HttpError 403 for one that the actor may not assign */
function checkRole(actor: CurrentUser, role: UserCreateInput['group_name']): void {
  if (rolesGivenBy(actor).includes(role)) return;
  throw permissionDenied(`User ${actor.username} cannot make users ${role}`);
}

/**
 * Changes a user's branches and regions. Assigning a role requires reach over all places where it then holds, otherwise
 * over the changed ones.
 * @returns the given ones
 */
async function changePlaces(
  transaction: TenantTransaction,
  { actor, target, isSelf }: UserChange,
  given: Parameters<typeof readPlaces>[1],
  isNewRole: boolean,
): Promise<Partial<Workplaces>> {
  const wanted = await readPlaces(transaction, given);
  const after = { branchIds: target.branchIds, regionIds: target.regionIds, ...wanted };
  const moved = difference(target, after);
  if (isSelf && moved.branchIds.length + moved.regionIds.length > 0) throw permissionDenied(OWN_RIGHTS);
  checkWithin(actor, moved);
  if (isNewRole) checkWithin(actor, after);
  replacePlaces(transaction, target.id, wanted);
  return wanted;
}

/**
 * Hashes a password for another user. With it the actor could act as that user, so it must not give them more access.
 * @throws HttpError 400 for oneself or a bad password; 403 when the user has branches, regions or own permissions that
 * the actor does not
 */
async function newPassword(
  change: UserChange,
  password: string,
  person: { readonly [name in 'email' | 'first_name' | 'last_name']?: string | undefined },
  { tenant, address }: UserWork,
): Promise<string> {
  const { target, isSelf } = change;
  if (isSelf) throw invalidField('password', OWN_PASSWORD);
  checkMayActAs(change, 'set the password');
  const { email = target.email, first_name = target.firstName, last_name = target.lastName } = person;
  const owner = { username: target.username, email, firstName: first_name, lastName: last_name };
  checkPassword('password', password, owner);
  return await hashPassword(password, { tenant: tenant.schema, address });
}

/** Moves a user into one group, and out of all others. */
function replaceGroups(transaction: TenantTransaction, userId: number, group: string): void {
  transaction.send(sql`DELETE FROM immigration_user_groups WHERE user_id = ${userId}`);
  transaction.send(sql`
    INSERT INTO immigration_user_groups (user_id, group_id)
    SELECT ${userId}, id FROM auth_group WHERE name = ${group}`);
}

function definedOf<T extends object>(values: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
}

/** Returns the user's output. */
function shownUser(transaction: TenantTransaction, id: number): Pending<UserOutput> {
  const found = transaction.send(selectUsers(sql`WHERE r.id = ${id}`));
  return found.map(firstOr(() => new Error(`user ${id} is gone`)));
}
