import { Type } from '@sinclair/typebox';
import type { AccountMails } from '../../auth/account-mails.js';
import type { CurrentUsers } from '../../auth/current-user.js';
import type { NewPasswords } from '../../auth/new-passwords.js';
import type { OwnSessions } from '../../auth/own-sessions.js';
import { ROLES } from '../../auth/scope.js';
import { TokenPair } from '../../auth/token-pair.js';
import type { Database } from '../../database/database.js';
import { pathId } from '../../http/path-id.js';
import { clientOf } from '../../routing/client-device.js';
import { REFUSED } from '../../routing/openapi/route-schema.js';
import { signedIn } from '../../routing/policy.js';
import { type RouteDefinition, route, type UserRequest } from '../../routing/route.js';
import { changingAccess } from '../shared/changing-access.js';
import { PermissionAssignment } from '../shared/permissions.js';
import { resourceRoutes } from '../shared/resource-routes.js';
import { proveOwnChange, unlockUser } from './credentials.js';
import type { Invitations } from './invitations.js';
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
import { userSecondFactorRoutes } from './second-factor.js';
import { listAssignable, listUsers, readProfile, readUser } from './selectors.js';
import { assignPermissions, createUser, disableUser, resetPassword, updateUser } from './services.js';
import { userSessionRoutes } from './session-routes.js';

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
  readonly passwords: NewPasswords;
  readonly mails: AccountMails;
  readonly invitations: Invitations;
}

/** Returns the routes of the agency's staff. Changes take effect from the next request on. */
export function userRoutes(database: Database, parts: UserParts): RouteDefinition[] {
  const { users, sessions, invitations } = parts;
  const routes = resourceRoutes(database, {
    path: PATH,
    tag,
    kind: 'user',
    policy: userPolicy,
    output: UserOutput,
  });
  const workOf = ({ tenant, ip }: UserRequest) => ({ tenant, address: ip, ...parts });
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
    ...userSecondFactorRoutes(database, parts),
    ...changingAccess(users, [
      routes.create(UserCreate, (transaction, user, input, request) =>
        createUser(transaction, user, input, workOf(request)),
      ),
      route({
        method: 'PATCH',
        path: `${PATH}:id/`,
        tag,
        summary:
          'Changes what is given of a user; of oneself the e-mail address only with `current_password`.',
        policy: userPolicy.change,
        body: UserPatch,
        response: UserOutput,
        errors: [400, 404, 429],
        handler: async (request) => {
          const { context, user, body, params } = request;
          const id = pathId(params.id, 'User');
          const isProved = await proveOwnChange(sessions, request, id, body);
          return await database.tenantTransaction(context, (transaction) =>
            updateUser(transaction, user, id, body, { ...workOf(request), isProved }),
          );
        },
      }),
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
      routes.action(
        'invite/',
        {
          summary: 'Sends another link to a user who was invited and has no password yet.',
          policy: userPolicy.change,
          status: 204,
          errors: [400, 404],
        },
        (transaction, user, id, _read, { tenant }) => invitations.sendAgain(transaction, user, id, tenant),
      ),
      routes.action(
        'unlock/',
        {
          summary: 'Lets a user try to log in again after too many failures.',
          policy: userPolicy.change,
          status: 204,
          errors: [404],
        },
        unlockUser,
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
    ...userSessionRoutes(database, { users, sessions }),
  ];
}
