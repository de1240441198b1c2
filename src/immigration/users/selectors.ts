import type { CurrentUser } from '../../auth/current-user.js';
import { allOf } from '../../database/conditions.js';
import { firstOr } from '../../database/pending.js';
import { type Sql, sql } from '../../database/sql.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import { notFound } from '../../http/errors.js';
import type { QueryParameters } from '../../http/fields/query-parameters.js';
import { isId } from '../../http/path-id.js';
import type { PageOf, PageRequest } from '../../routing/pagination.js';
import { columnsOf, select, selection } from '../shared/columns.js';
import { displayOf } from '../shared/display.js';
import { booleanFilter, searchFilter, textFilter } from '../shared/filters.js';
import type { IdName } from '../shared/output.js';
import { pageOf } from '../shared/page-of.js';
import { fullName } from '../shared/people.js';
import { PERMISSION_ORDER, PERMISSIONS, permissionItems, SHOWN } from '../shared/permissions.js';
import { userInScope } from '../shared/user-scope.js';
import { AssignableUser, UserOutput, type UserProfile } from './schemas.js';

const USERS = sql`immigration_user`;

/** The groups of each user `r`, the primary one first, as rows `m`. */
const GROUPS = sql`CROSS JOIN LATERAL (
  SELECT coalesce(array_agg(g.name::text ORDER BY g.id), '{}') AS names,
         coalesce(array_agg(${displayOf('g.name')} ORDER BY g.id), '{}') AS labels
  FROM immigration_user_groups ug JOIN auth_group g ON g.id = ug.group_id WHERE ug.user_id = r.id) m`;

const FROM_USERS = sql`FROM ${USERS} r ${GROUPS}`;

const NAMES = {
  full_name: fullName('r'),
  primary_group: sql<string | null>`m.names[1]`,
  primary_group_display: sql<string | null>`m.labels[1]`,
};

const COLUMNS = columnsOf('immigration_user', UserOutput, {
  ...NAMES,
  groups_list: sql<string[]>`m.names`,
  groups_list_display: sql<string[]>`m.labels`,
  branches_data: sql<IdName[]>`
    coalesce((SELECT json_agg(json_build_object('id', b.id, 'name', b.name) ORDER BY ub.id)
              FROM immigration_user_branches ub JOIN immigration_branch b ON b.id = ub.branch_id
              WHERE ub.user_id = r.id AND b.deleted_at IS NULL), '[]')`,
  regions_data: sql<IdName[]>`
    coalesce((SELECT json_agg(json_build_object('id', g.id, 'name', g.name) ORDER BY ur.id)
              FROM immigration_user_regions ur JOIN immigration_region g ON g.id = ur.region_id
              WHERE ur.user_id = r.id), '[]')`,
  user_permissions_list: permissionItems(
    sql`SELECT permission_id FROM immigration_user_user_permissions WHERE user_id = r.id`,
  ),
});
const ASSIGNABLE = columnsOf('immigration_user', AssignableUser, NAMES);

/** Returns the query for the API's form of users `r`. @param rest WHERE and what follows it */
export function selectUsers(rest: Sql): Sql<UserOutput> {
  return select(COLUMNS, sql`${FROM_USERS} ${rest}`);
}

const counting = (condition: Sql<boolean>) =>
  sql<{ count: number }>`SELECT count(*) AS count FROM ${USERS} r WHERE ${condition}`;

const search = (query: QueryParameters) => searchFilter(query, fullName('r'), 'r.email', 'r.username');

/** Returns a page of the users in scope, by id. */
export async function listUsers(
  transaction: TenantTransaction,
  user: CurrentUser,
  query: QueryParameters,
  page: PageRequest,
): Promise<Pending<PageOf<UserOutput>>> {
  const groups = query.choices('group');
  const [branch, region] = [query.integer('branch_id'), query.integer('region_id')];
  const asked = allOf([
    userInScope(user),
    search(query),
    textFilter(query, 'email'),
    booleanFilter(query, 'is_active'),
    groups &&
      sql`EXISTS (SELECT FROM immigration_user_groups ug JOIN auth_group g ON g.id = ug.group_id
                  WHERE ug.user_id = r.id AND normalize(g.name, NFC) = ANY (${groups.map((name) => name.normalize('NFC'))}::text[]))`,
    branch !== undefined &&
      sql`EXISTS (SELECT FROM immigration_user_branches WHERE user_id = r.id AND branch_id = ${idOrNone(branch)})`,
    region !== undefined &&
      sql`EXISTS (SELECT FROM immigration_user_regions WHERE user_id = r.id AND region_id = ${idOrNone(region)})`,
  ]);
  const rows = selectUsers(sql`WHERE ${asked} ORDER BY r.id`);
  return await pageOf(transaction, counting(asked), rows, page);
}

/** Returns the id, or an id of no record if it is impossible. */
const idOrNone = (id: number) => (isId(id) ? id : 0);

/** Returns a page of the users in scope to choose from, by id: the active ones by default. */
export async function listAssignable(
  transaction: TenantTransaction,
  user: CurrentUser,
  query: QueryParameters,
  page: PageRequest,
): Promise<Pending<PageOf<AssignableUser>>> {
  const isActive = query.boolean('is_active') ?? true;
  const asked = allOf([userInScope(user), search(query), sql`r.is_active = ${isActive}`]);
  const rows = select(ASSIGNABLE, sql`${FROM_USERS} WHERE ${asked} ORDER BY r.id`);
  return await pageOf(transaction, counting(asked), rows, page);
}

/** Returns one user; oneself in any case. @throws HttpError 404 also when they are out of scope */
export function readUser(transaction: TenantTransaction, user: CurrentUser, id: number): Pending<UserOutput> {
  const isVisible = id === user.id ? sql`true` : userInScope(user);
  const found = transaction.send(selectUsers(sql`WHERE r.id = ${id} AND ${isVisible}`));
  return found.map(firstOr(() => notFound('User')));
}

const PERMISSION = selection<UserProfile['permissions'][number]>({
  codename: sql`p.codename`,
  name: sql`p.name`,
  content_type: sql`ct.app_label || '.' || ct.model`,
});

/**
 * Returns the user's own record, with all permissions: through groups or directly; for a superuser without group those
 * of SUPER_ADMIN. Only this list also shows the permissions on groups.
 */
export function readProfile(transaction: TenantTransaction, user: CurrentUser): Pending<UserProfile> {
  const granted = sql`
    FROM ${PERMISSIONS}
    WHERE (${SHOWN} OR (ct.app_label = 'auth' AND ct.model = 'group')) AND p.id IN (
      SELECT permission_id FROM immigration_user_user_permissions WHERE user_id = ${user.id}
      UNION ALL
      SELECT gp.permission_id FROM auth_group_permissions gp JOIN auth_group g ON g.id = gp.group_id
      WHERE CASE WHEN ${user.isSuperuser && user.groups.length === 0} THEN g.name = 'SUPER_ADMIN' ELSE g.id IN (
        SELECT group_id FROM immigration_user_groups WHERE user_id = ${user.id}) END)
    ORDER BY ${PERMISSION_ORDER}`;
  const permissions = transaction.send(select(PERMISSION, granted));
  const own = transaction.send(selectUsers(sql`WHERE r.id = ${user.id}`));
  return own.and(permissions).map(([[found], held]) => {
    if (!found) throw notFound('User');
    return { ...found, permissions: held };
  });
}
