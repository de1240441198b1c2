import type { CurrentUser } from '../../auth/current-user.js';
import { rolesGivenBy } from '../../auth/scope.js';
import { sql } from '../../database/sql.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import type { PageOf, PageRequest } from '../../routing/pagination.js';
import { columnsOf, select } from '../shared/columns.js';
import { displayOf } from '../shared/display.js';
import { PERMISSIONS, permissionItems, SHOWN } from '../shared/permissions.js';
import { Records } from '../shared/records.js';
import { GroupOption, GroupOutput } from './schemas.js';

const held = sql`SELECT permission_id FROM auth_group_permissions WHERE group_id = r.id`;

export const groups = new Records({
  table: 'auth_group',
  output: GroupOutput,
  columns: {
    display_name: displayOf('r.name'),
    permissions_list: permissionItems(held),
    permissions_count: sql<number>`
      (SELECT count(*)::integer FROM ${PERMISSIONS} WHERE p.id IN (${held}) AND ${SHOWN})`,
    users_count: sql<number>`(SELECT count(*)::integer FROM immigration_user_groups WHERE group_id = r.id)`,
  },
});

const OPTION = columnsOf('auth_group', GroupOption, { display_name: displayOf('r.name') });

/** Returns a page of the groups, by id. */
export async function listGroups(
  transaction: TenantTransaction,
  page: PageRequest,
): Promise<Pending<PageOf<GroupOutput>>> {
  return await groups.list(transaction, page, sql`true`, sql`r.id`);
}

/** Returns the groups that the user may assign to others, by name. */
export function groupOptions(transaction: TenantTransaction, user: CurrentUser): Pending<GroupOption[]> {
  const given = sql`WHERE r.name = ANY (${rolesGivenBy(user)}::text[]) ORDER BY r.name`;
  return transaction.send(select(OPTION, sql`FROM auth_group r ${given}`));
}
