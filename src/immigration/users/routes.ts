import { Type } from '@sinclair/typebox';
import type { CurrentUsers } from '../../auth/current-user.js';
import type { OwnSessions } from '../../auth/own-sessions.js';
import { ROLES } from '../../auth/scope.js';
import { TokenPair } from '../../auth/token-pair.js';
import type { Database } from '../../database/database.js';
import { clientOf } from '../../routing/client-device.js';
import { REFUSED } from '../../routing/openapi/route-schema.js';
import { signedIn } from '../../routing/policy.js';
import { type RouteDefinition, route, type UserRequest } from '../../routing/route.js';
import { changingAccess } from '../shared/changing-access.js';
import { PermissionAssignment } from '../shared/permissions.js';
import { resourceRoutes } from '../shared/resource-routes.js';
import { userPolicy } from './policy.js';
import {
  AssignableUser,
  ChangePassword,
  SetPassword,
  UserCreate,
  UserOutput,
  UserPatch,
  UserProfile,
} from './schemas.js';
import { listAssignable, listUsers, readProfile, readUser } from './selectors.js';
import { assignPermissions, createUser, disableUser, resetPassword, updateUser } from './services.js';

const PATH = '/api/v1/users/';
const tag = 'users';
/** Forms choose from the whole list. */
const largest = 1_000;

const choosing = { is_active: Type.Boolean(), search: Type.String() };
const filters = {
  ...choosing,
  branch_id: Type.Integer(),
  email: Type.String(),
  group: Type.String({
    description: `one of ${[...ROLES].sort().join(', ')}; any other value: an empty list`,
  }),
  region_id: Type.Integer(),
};

/** The dependencies of the routes on users. */
export interface UserParts {
  readonly users: CurrentUsers;
  readonly sessions: OwnSessions;
}

/** Returns the routes of the agency's staff. Changes take effect from the next request on. */
export function userRoutes(database: Database, { users, sessions }: UserParts): RouteDefinition[] {
  const routes = resourceRoutes(database, {
    path: PATH,
    tag,
    kind: 'user',
    policy: userPolicy,
    output: UserOutput,
  });
  const workOf = ({ tenant, ip }: UserRequest) => ({ tenant, address: ip, sessions });
  return [
    routes.list((transaction, user, page, { query }) => listUsers(transaction, user, query, page), {
      query: filters,
      largest,
    }),
    routes.list((transaction, user, page, { query }) => listAssignable(transaction, user, query, page), {
      at: 'assignable/',
      summary: 'The users to whom work can be given.',
      policy: userPolicy.choose,
      query: choosing,
      output: AssignableUser,
      largest,
      errors: [400, 403, 404],
    }),
    route({
      method: 'GET',
      path: `${PATH}profile/`,
      tag,
      summary: 'The user who asks, and what they may do.',
      policy: signedIn,
      response: UserProfile,
      handler: async ({ context, user }) =>
        await database.tenantTransaction(context, (transaction) => readProfile(transaction, user)),
    }),
    routes.read(readUser),
    ...changingAccess(users, [
      routes.create(UserCreate, (transaction, user, input, request) =>
        createUser(transaction, user, input, workOf(request)),
      ),
      ...routes.change({ PATCH: UserPatch }, (transaction, user, id, read, request) =>
        updateUser(transaction, user, id, read, workOf(request)),
      ),
      routes.remove(
        (transaction, user, id, request) => disableUser(transaction, user, id, workOf(request)),
        [404],
        REFUSED,
      ),
      routes.action(
        'assign-permissions/',
        {
          summary: 'Replaces the permissions that a user holds beside those of the groups.',
          policy: userPolicy.change,
          body: PermissionAssignment,
          errors: [400, 404],
        },
        assignPermissions,
      ),
      routes.action(
        'set-password/',
        {
          summary: 'Gives another user a new password, and ends their sessions.',
          policy: userPolicy.change,
          body: SetPassword,
          status: 204,
          errors: [400, 404],
        },
        (transaction, user, id, read, request) => resetPassword(transaction, user, id, read, workOf(request)),
      ),
      route({
        method: 'POST',
        path: `${PATH}change-password/`,
        tag,
        summary: "Changes the user's own password: all sessions end, a new one begins.",
        policy: signedIn,
        body: ChangePassword,
        response: TokenPair,
        errors: [400, 429],
        handler: async (request) => {
          const { tenant, user, body } = request;
          const { current_password: current, new_password: next } = body.read();
          return await sessions.changePassword(tenant, user, { current, next }, clientOf(request));
        },
      }),
    ]),
  ];
}
