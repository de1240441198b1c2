import type { CurrentUser } from '../../auth/current-user.js';
import { ROLES, rolesGivenBy } from '../../auth/scope.js';
import { recordSecurityEvent } from '../../auth/security-log.js';
import { isSameText, isText } from '../../database/same-text.js';
import { sql } from '../../database/sql.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import { detailError, invalidField, permissionDenied } from '../../http/errors.js';
import type { LateInput } from '../../http/fields/body.js';
import { checkGrants, replacePermissions } from '../shared/permissions.js';
import { claimName } from '../shared/unique-name.js';
import type { GroupCreateInput, GroupOutput, GroupUpdateInput } from './schemas.js';
import { groups } from './selectors.js';

/** Creates a group. @throws HttpError 400 for a name that is taken; 403 for permissions that the user does not have */
export async function createGroup(
  transaction: TenantTransaction,
  user: CurrentUser,
  { name, permission_ids = [] }: GroupCreateInput,
): Promise<Pending<GroupOutput>> {
  await claimGroupName(transaction, name);
  const { added } = await checkGrants(transaction, user, permission_ids, []);
  const [created] = await transaction.query(
    sql<{ id: number }>`INSERT INTO auth_group (name) VALUES (${name}) RETURNING id`,
  );
  const { id } = created as { id: number };
  replacePermissions(transaction, 'auth_group_permissions', 'group_id', id, permission_ids);
  recordSecurityEvent(transaction, { kind: 'group_created', detail: { group: name, added } });
  return groups.read(transaction, id);
}

/** Changes the given fields of a group; `permission_ids` replace the present ones. @throws HttpError 404, 403, 400 */
export async function updateGroup(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
  body: LateInput<GroupUpdateInput>,
): Promise<Pending<GroupOutput>> {
  const group = await lockGroup(transaction, user, id);
  const { name, permission_ids } = body.read();
  if (name !== undefined && name !== group.name) {
    if (isRole(group.name)) throw invalidField('name', 'The name of a built-in group cannot be changed.');
    if (!isSameText(name, group.name)) await claimGroupName(transaction, name);
    transaction.send(sql`UPDATE auth_group SET name = ${name} WHERE id = ${id}`);
  }
  if (permission_ids) await grant(transaction, user, { id, name: group.name }, permission_ids);
  return groups.read(transaction, id);
}

/** Replaces the permissions of a group. @throws HttpError 404, 403, 400 */
export async function assignGroupPermissions(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
  body: LateInput<{ readonly permission_ids: readonly number[] }>,
): Promise<Pending<GroupOutput>> {
  const { name } = await lockGroup(transaction, user, id);
  await grant(transaction, user, { id, name }, body.read().permission_ids);
  return groups.read(transaction, id);
}

/** Deletes a group and its memberships. @throws HttpError 404, 403; 400 for a built-in one */
export async function deleteGroup(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
): Promise<void> {
  const group = await groups.lockToDelete(transaction, id);
  if (isRole(group.name)) throw detailError(400, 'A built-in group cannot be deleted');
  checkMayChange(user, group.name);
  groups.delete(transaction, user, id);
  recordSecurityEvent(transaction, { kind: 'group_deleted', detail: { group: group.name } });
}

async function grant(
  transaction: TenantTransaction,
  user: CurrentUser,
  { id, name }: { readonly id: number; readonly name: string },
  ids: readonly number[],
): Promise<void> {
  const found = await transaction.query(
    sql<{ id: number }>`SELECT permission_id AS id FROM auth_group_permissions WHERE group_id = ${id}`,
  );
  const held = found.map((permission) => permission.id);
  const changes = await checkGrants(transaction, user, ids, held);
  replacePermissions(transaction, 'auth_group_permissions', 'group_id', id, ids);
  recordSecurityEvent(transaction, {
    kind: 'group_permissions_changed',
    detail: { group: name, ...changes },
  });
}

async function lockGroup(transaction: TenantTransaction, user: CurrentUser, id: number) {
  const group = await groups.lock(transaction, id);
  checkMayChange(user, group.name);
  return group;
}

/**
 * Checks that a user may change a group: of the four roles those that they may assign; and no group that they are in,
 * which would change their own permissions. A superuser has every permission anyway.
 * @throws HttpError 403
 */
function checkMayChange(user: CurrentUser, group: string): void {
  const isOwn = user.groups.includes(group) && !user.isSuperuser;
  if (isOwn || (isRole(group) && !(rolesGivenBy(user) as readonly string[]).includes(group))) {
    throw permissionDenied(`User ${user.username} cannot change group ${group}`);
  }
}

function isRole(name: string): boolean {
  return (ROLES as readonly string[]).includes(name);
}

async function claimGroupName(transaction: TenantTransaction, name: string): Promise<void> {
  const taken = sql<boolean>`EXISTS (SELECT FROM auth_group WHERE ${isText('name', name)})`;
  await claimName(transaction, 'group', name, taken, () =>
    invalidField('name', 'group with this name already exists.'),
  );
}
