import type { MailedAccount } from '../../auth/account-mails.js';
import { type CurrentUser, readCurrentUser } from '../../auth/current-user.js';
import { rolesGivenBy, scopeOf } from '../../auth/scope.js';
import { sql } from '../../database/sql.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { notFound, permissionDenied } from '../../http/errors.js';
import { allows, type Policy } from '../../routing/policy.js';
import { reachesUser } from '../shared/user-scope.js';

/** The user to be changed. */
interface Target extends MailedAccount {
  readonly lastName: string;
  readonly isActive: boolean;
  readonly isSuperuser: boolean;
  /** Names, the primary group first. */
  readonly groups: readonly string[];
  /** Branches that are not deleted, in the order in which they were given. */
  readonly branchIds: readonly number[];
  readonly regionIds: readonly number[];
  /** The user's own permissions, and their names. */
  readonly permissionIds: readonly number[];
  readonly permissions: readonly string[];
}

/** The actor and the target of a change. */
export interface UserChange {
  /** With the present permissions, which may differ from those at the start of the request. */
  readonly actor: CurrentUser;
  readonly target: Target;
  readonly isSelf: boolean;
}

const TARGET = sql<Target>`
  SELECT u.id, u.username, u.email, u.first_name AS "firstName", u.last_name AS "lastName",
    u.is_active AS "isActive", u.is_superuser AS "isSuperuser",
    ARRAY(SELECT g.name::text FROM immigration_user_groups ug JOIN auth_group g ON g.id = ug.group_id
          WHERE ug.user_id = u.id ORDER BY g.id) AS groups,
    ARRAY(SELECT ub.branch_id FROM immigration_user_branches ub JOIN immigration_branch b ON b.id = ub.branch_id
          WHERE ub.user_id = u.id AND b.deleted_at IS NULL ORDER BY ub.id) AS "branchIds",
    ARRAY(SELECT region_id FROM immigration_user_regions WHERE user_id = u.id ORDER BY id) AS "regionIds",
    ARRAY(SELECT permission_id FROM immigration_user_user_permissions WHERE user_id = u.id) AS "permissionIds",
    ARRAY(SELECT ct.app_label || '.' || p.codename FROM immigration_user_user_permissions up
          JOIN auth_permission p ON p.id = up.permission_id JOIN django_content_type ct ON ct.id = p.content_type_id
          WHERE up.user_id = u.id) AS permissions
  FROM immigration_user u`;

/**
 * Locks the user to be changed and the actor, so that of two users who change each other the second sees what the first
 * left, and reads both.
 * @param policy the policy that must still admit the actor
 * @throws HttpError 404 when there is no such user in scope; 403 when the actor has lost the permission, or may not
 * change this user
 */
export async function lockUser(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
  policy: Policy,
): Promise<UserChange> {
  transaction.send(sql`
    SELECT id FROM immigration_user WHERE id IN (${user.id}, ${id}) ORDER BY id FOR NO KEY UPDATE`);
  const [actor, [target]] = await Promise.all([
    readCurrentUser(transaction, user.id),
    transaction.query(sql<Target>`${TARGET} WHERE u.id = ${id}`),
  ]);
  checkActor(actor, policy);
  if (!target || !reachesUser(actor, target)) throw notFound('User');
  const isSelf = id === actor.id;
  if (!isSelf) checkMayChange(actor, target);
  return { actor, target, isSelf };
}

/**
 * Checks that the actor may change a user, without locking either.
 * @throws HttpError 404 when there is no such user in scope; 403 when the actor may not change this user
 */
export async function findChangeable(
  transaction: TenantTransaction,
  actor: CurrentUser,
  id: number,
): Promise<void> {
  const [target] = await transaction.query(sql<Target>`${TARGET} WHERE u.id = ${id}`);
  if (!target || !reachesUser(actor, target)) throw notFound('User');
  if (id !== actor.id) checkMayChange(actor, target);
}

/**
 * Returns the creator of a user with their present permissions, locked until the transaction ends.
 * @throws HttpError 403 when they have lost the permission
 */
export async function holdActor(
  transaction: TenantTransaction,
  user: CurrentUser,
  policy: Policy,
): Promise<CurrentUser> {
  transaction.send(sql`SELECT id FROM immigration_user WHERE id = ${user.id} FOR SHARE`);
  const actor = await readCurrentUser(transaction, user.id);
  checkActor(actor, policy);
  return actor;
}

function checkActor(actor: CurrentUser | null, policy: Policy): asserts actor is CurrentUser {
  if (!actor?.isActive || !allows(policy, actor)) throw permissionDenied();
}

/**
 * Checks that the actor may change the target: one may change users all of whose roles one could assign. Only
 * superusers change superusers; users in the agency's own groups, or in none, are changed by users with the whole
 * tenant in scope.
 * @throws HttpError 403
 */
function checkMayChange(actor: CurrentUser, target: Target): void {
  const given: readonly string[] = rolesGivenBy(actor);
  const seesAll = scopeOf(actor).kind === 'tenant';
  const mayBe = (group: string) => given.includes(group) || (seesAll && group !== 'SUPER_ADMIN');
  const groups = target.groups.length > 0 || seesAll ? target.groups : ['none'];
  if ((target.isSuperuser && !actor.isSuperuser) || !groups.every(mayBe)) {
    throw permissionDenied(`User ${actor.username} cannot change user ${target.username}`);
  }
}
