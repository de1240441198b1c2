import type { CurrentUsers } from '../../auth/current-user.js';
import type { Database } from '../../database/database.js';
import { REFUSED } from '../../routing/openapi/route-schema.js';
import { signedIn } from '../../routing/policy.js';
import type { RouteDefinition } from '../../routing/route.js';
import { changingAccess } from '../shared/changing-access.js';
import { PermissionAssignment } from '../shared/permissions.js';
import { modelPolicy } from '../shared/resource-policy.js';
import { resourceRoutes } from '../shared/resource-routes.js';
import { GroupCreate, GroupOption, GroupOutput, GroupPatch, GroupUpdate } from './schemas.js';
import { groupOptions, groups, listGroups } from './selectors.js';
import { assignGroupPermissions, createGroup, deleteGroup, updateGroup } from './services.js';

/** Returns the routes of groups: the four roles and the agency's own, with their members' permissions. */
export function groupRoutes(database: Database, users: CurrentUsers): RouteDefinition[] {
  const policy = modelPolicy('group');
  const routes = resourceRoutes(database, {
    path: '/api/v1/groups/',
    tag: 'groups',
    kind: 'group',
    policy,
    output: GroupOutput,
  });
  return [
    routes.list((transaction, _user, page) => listGroups(transaction, page), {
      errors: [404],
      fromReplica: false,
    }),
    routes.array(groupOptions, {
      at: 'options/',
      summary: 'The groups into which the user may put others.',
      policy: signedIn,
      output: GroupOption,
      fromReplica: false,
      errors: [403],
    }),
    routes.read((transaction, _user, id) => groups.read(transaction, id)),
    ...changingAccess(users, [
      routes.create(GroupCreate, createGroup),
      ...routes.change({ PUT: GroupUpdate, PATCH: GroupPatch }, updateGroup),
      routes.remove(deleteGroup, [404], REFUSED),
      routes.action(
        'assign-permissions/',
        {
          summary: 'Replaces the permissions of a group.',
          policy: policy.change,
          body: PermissionAssignment,
          errors: [400, 404],
        },
        assignGroupPermissions,
      ),
    ]),
  ];
}
