import { type CurrentUser, readCurrentUser } from '../../auth/current-user.js';
import { rolesGivenBy, scopeOf } from '../../auth/scope.js';
import { sql } from '../../database/queries.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { notFound, permissionDenied } from '../../http/errors.js';
import { allows, type Policy } from '../../routing/policy.js';
import { reachesUser } from '../shared/user-scope.js';

/** A user who is to be changed, as they are. */
interface Target {
  readonly id: number;
  readonly username: string;
  readonly email: string;
  readonly first_name: string;
  readonly last_name: string;
  readonly isActive: boolean;
  readonly isSuperuser: boolean;
  /** Names, the primary group first. */
  readonly groups: readonly string[];
  /** Branches that are not deleted, in the order in which they were given. */
  readonly branchIds: readonly number[];
  readonly regionIds: readonly number[];
  /** Permissions of their own, and what these are called. */
  readonly permissionIds: readonly number[];
  readonly permissions: readonly string[];
}

/** Who changes whom. */
export interface UserChange {
  /** With the rights of this moment, which need not be those with which the request came in. */
  readonly actor: CurrentUser;
  readonly target: Target;
  readonly isSelf: boolean;
}

const TARGET = sql<Target>`
  SELECT u.id, u.username, u.email, u.first_name, u.last_name, u.is_active AS "isActive",
    u.is_superuser AS "isSuperuser",
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
 * Locks a user who is to be changed and the one who changes them, so that of two who change each other the second
 * finds what the first left, and reads both as they are then.
 * @param policy what the one who asks must still be allowed
 * @throws HttpError 404 when there is no such user in scope; 403 when the one who asks has lost the right, or may not
 *   change this user
 */
export async function lockUser(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
  policy: Policy,
): Promise<UserChange> {
  const [, actor, [target]] = await Promise.all([
    transaction.query(sql`
      SELECT id FROM immigration_user WHERE id IN (${user.id}, ${id}) ORDER BY id FOR NO KEY UPDATE`),
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
 * The one who creates a user, with the rights of this moment, and held to them until the transaction ends.
 * @throws HttpError 403 when they have lost the right
 */
export async function holdActor(
  transaction: TenantTransaction,
  user: CurrentUser,
  policy: Policy,
): Promise<CurrentUser> {
  const [, actor] = await Promise.all([
    transaction.query(sql`SELECT id FROM immigration_user WHERE id = ${user.id} FOR SHARE`),
    readCurrentUser(transaction, user.id),
  ]);
  checkActor(actor, policy);
  return actor;
}

function checkActor(actor: CurrentUser | null, policy: Policy): asserts actor is CurrentUser {
  if (!actor?.isActive || !allows(policy, actor)) throw permissionDenied();
}

/**
 * Who may change whom: whose every role one could give oneself. Superusers are changed by superusers only, people in
 * groups of the agency's own, or in none, by those who see the whole tenant.
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
