import type { CurrentUser } from '../../auth/current-user.js';
import { rolesGivenBy } from '../../auth/scope.js';
import { sql } from '../../database/queries.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import type { PageOf, PageRequest } from '../../routing/pagination.js';
import { displayOf } from '../shared/display.js';
import { pageOf } from '../shared/page-of.js';
import { PERMISSIONS, permissionItems, SHOWN } from '../shared/permissions.js';
import { Records } from '../shared/records.js';
import type { GroupOption, GroupOutput } from './schemas.js';

const held = sql`SELECT permission_id FROM auth_group_permissions WHERE group_id = r.id`;

export const groups = new Records({
  table: 'auth_group',
  thing: 'Group',
  softDelete: false,
  columns: sql<GroupOutput>`
    r.id, r.name, ${displayOf('r.name')} AS display_name,
    ${permissionItems(held)} AS permissions_list,
    (SELECT count(*)::integer FROM ${PERMISSIONS} WHERE p.id IN (${held}) AND ${SHOWN}) AS permissions_count,
    (SELECT count(*)::integer FROM immigration_user_groups WHERE group_id = r.id) AS users_count`,
});

/** A page of the groups, by id. */
export async function listGroups(
  transaction: TenantTransaction,
  page: PageRequest,
): Promise<PageOf<GroupOutput>> {
  const rows = sql<GroupOutput>`${groups.from()} ORDER BY r.id`;
  return await pageOf(transaction, groups.counting(sql`true`), rows, page);
}

/** The groups into which the user may put others, by name. */
export async function groupOptions(
  transaction: TenantTransaction,
  user: CurrentUser,
): Promise<GroupOption[]> {
  return await transaction.last(sql<GroupOption>`
    SELECT r.id, r.name, ${displayOf('r.name')} AS display_name
    FROM auth_group r WHERE r.name = ANY (${rolesGivenBy(user)}::text[]) ORDER BY r.name`);
}
