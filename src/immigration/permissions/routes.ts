import { type Static, Type } from '@sinclair/typebox';
import type { Database } from '../../database/database.js';
import { sql } from '../../database/sql.js';
import { component } from '../../http/component.js';
import { notFound } from '../../http/errors.js';
import { pathId } from '../../http/path-id.js';
import { signedIn } from '../../routing/policy.js';
import { type RouteDefinition, route } from '../../routing/route.js';
import { select, selection } from '../shared/columns.js';
import { idOutput, labelOutput } from '../shared/output.js';
import { pageOf } from '../shared/page-of.js';
import { PERMISSION_ORDER, PERMISSIONS, SHOWN } from '../shared/permissions.js';
import { catalogPolicy } from '../shared/resource-policy.js';
import { resourceRoutes } from '../shared/resource-routes.js';

const PATH = '/api/v1/permissions/';
const tag = 'permissions';

const Permission = component(
  'Permission',
  Type.Object({
    id: idOutput(),
    name: labelOutput(),
    content_type: labelOutput(),
    content_type_display: labelOutput(),
  }),
);
type Permission = Static<typeof Permission>;

/** The columns of the permissions that the API shows. The model's name is in "Can add <name>". */
const COLUMNS = selection<Permission>({
  id: sql`p.id`,
  name: sql`p.name`,
  content_type: sql`ct.app_label || '.' || ct.model`,
  content_type_display: sql`
    coalesce((SELECT substr(a.name, length('Can add ') + 1) FROM auth_permission a
              WHERE a.content_type_id = ct.id AND a.codename = 'add_' || ct.model AND a.name LIKE 'Can add _%'),
             ct.model)`,
});
const FROM_SHOWN = sql`FROM ${PERMISSIONS} WHERE ${SHOWN}`;

/** Returns the route of permissions, which only migrations create. */
export function permissionRoutes(database: Database): RouteDefinition[] {
  const routes = resourceRoutes(database, {
    path: PATH,
    tag,
    kind: 'permission',
    policy: catalogPolicy('permission'),
    output: Permission,
  });
  return [
    routes.list(
      (transaction, _user, page) =>
        pageOf(
          transaction,
          sql<{ count: number }>`SELECT count(*) AS count ${FROM_SHOWN}`,
          select(COLUMNS, sql`${FROM_SHOWN} ORDER BY ${PERMISSION_ORDER}`),
          page,
        ),
      { largest: 1_000, errors: [403, 404], fromReplica: false },
    ),
    route({
      method: 'GET',
      path: `${PATH}:id/`,
      tag,
      summary: 'Reads a permission.',
      policy: signedIn,
      response: Permission,
      errors: [403, 404],
      handler: async ({ context, params }) => {
        const query = select(
          COLUMNS,
          sql`${FROM_SHOWN} AND p.id = ${pathId(params.id, 'Permission')}::bigint`,
        );
        const [permission] = await database.tenantQuery(context, query);
        if (!permission) throw notFound('Permission');
        return permission;
      },
    }),
  ];
}
