import { type Static, Type } from '@sinclair/typebox';
import type { CurrentUser } from '../../auth/current-user.js';
import { isNotInternal } from '../../auth/role-grants.js';
import { type Sql, sql } from '../../database/sql.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { component } from '../../http/component.js';
import { invalidPk, permissionDenied } from '../../http/errors.js';
import { body } from '../../http/fields/body.js';
import { required } from '../../http/fields/field.js';
import { list } from '../../http/fields/list.js';
import { integer } from '../../http/fields/scalar.js';
import { isId } from '../../http/path-id.js';

// Permissions that the API shows and grants: not those on the program's internals.

/** The condition that the API shows a permission `p` with its content type `ct`. */
export const SHOWN = sql<boolean>`(ct.app_label = 'immigration' AND ${isNotInternal('ct')})`;
/** Permissions with their content types. */
export const PERMISSIONS = sql`auth_permission p JOIN django_content_type ct ON ct.id = p.content_type_id`;
/** Their order in every list. */
export const PERMISSION_ORDER = sql`ct.app_label, ct.model, p.codename`;

export const PermissionItem = component(
  'PermissionItem',
  Type.Object({
    id: Type.Integer(),
    name: Type.String(),
    content_type: Type.String({ description: 'app_label.model' }),
  }),
);
export type PermissionItem = Static<typeof PermissionItem>;

/** Returns the permissions whose ids this query yields, as a JSON array. */
export function permissionItems(ids: Sql): Sql<PermissionItem[]> {
  return sql`coalesce((
    SELECT json_agg(json_build_object('id', p.id, 'name', p.name, 'content_type', ct.app_label || '.' || ct.model)
                    ORDER BY ${PERMISSION_ORDER})
    FROM ${PERMISSIONS} WHERE p.id IN (${ids}) AND ${SHOWN}), '[]')`;
}

/** The new permissions of a user or a group. */
export const PermissionAssignment = body('UserPermissionAssignmentRequest', {
  permission_ids: required(list(integer(), { min: 1 })),
});

/**
 * Checks that a user may grant these permissions to somebody who has some already: only those that they have
 * themselves. Present ones need no permission.
 * @param held ids of the present ones
 * @returns the names of the permissions that they gain and lose, for the security log
 * @throws HttpError 400 for one that does not exist, or is not shown; 403 for one that the user does not have
 */
export async function checkGrants(
  transaction: TenantTransaction,
  user: CurrentUser,
  ids: readonly number[],
  held: readonly number[],
): Promise<{ added: string[]; removed: string[] }> {
  const rows = await transaction.query(sql<{ id: number; permission: string; shown: boolean }>`
    SELECT p.id, ct.app_label || '.' || p.codename AS permission, ${SHOWN} AS shown FROM ${PERMISSIONS}
    WHERE p.id = ANY (${[...ids.filter(isInteger), ...held]}::integer[]) ORDER BY ${PERMISSION_ORDER}`);
  const known = new Set(rows.map(({ id }) => id));
  for (const id of ids) if (!known.has(id)) throw invalidPk('permission_ids', id);
  const [before, after] = [new Set(held), new Set(ids)];
  const added = rows.filter(({ id }) => !before.has(id));
  for (const { permission } of added) {
    if (user.permissions.has(permission)) continue;
    throw permissionDenied(`You cannot grant a permission that you do not hold: ${permission}`);
  }
  const hidden = rows.find(({ id, shown }) => !shown && after.has(id));
  if (hidden) throw invalidPk('permission_ids', hidden.id);
  const removed = rows.filter(({ id, shown }) => shown && !after.has(id));
  const names = (changed: typeof rows) => changed.map(({ permission }) => permission);
  return { added: names(added), removed: names(removed) };
}

/** Returns whether an id fits PostgreSQL's integer, the type of permissions' ids. */
function isInteger(id: number): boolean {
  return isId(id) && id < 2 ** 31;
}

/**
 * Sets the permissions of a user or a group to these; those that the API does not show stay.
 * @param table of the links, and its column for the holder
 */
export function replacePermissions(
  transaction: TenantTransaction,
  table: 'immigration_user_user_permissions' | 'auth_group_permissions',
  column: 'user_id' | 'group_id',
  holder: number,
  ids: readonly number[],
): void {
  transaction.send(sql`
    DELETE FROM ${sql.ref(table)} l USING ${PERMISSIONS}
    WHERE l.${sql.ref(column)} = ${holder} AND p.id = l.permission_id AND ${SHOWN}
      AND l.permission_id <> ALL (${ids}::integer[])`);
  transaction.send(sql`
    INSERT INTO ${sql.ref(table)} (${sql.ref(column)}, permission_id)
    SELECT ${holder}, id FROM unnest(${ids}::integer[]) AS given (id) ORDER BY id
    ON CONFLICT DO NOTHING`);
}
