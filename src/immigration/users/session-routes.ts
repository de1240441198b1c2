import { Type } from '@sinclair/typebox';
import type { CurrentUsers } from '../../auth/current-user.js';
import { endSession } from '../../auth/end-session.js';
import type { OwnSessions } from '../../auth/own-sessions.js';
import { recordSecurityEvent } from '../../auth/security-log.js';
import { lockOpenSession } from '../../auth/session-rows.js';
import type { Database } from '../../database/database.js';
import { component } from '../../http/component.js';
import { notFound } from '../../http/errors.js';
import { pathId } from '../../http/path-id.js';
import { type RouteDefinition, route, type UserRequest } from '../../routing/route.js';
import { changingAccess } from '../shared/changing-access.js';
import { resourceRoutes } from '../shared/resource-routes.js';
import { listSessions, SessionOutput } from '../shared/session-list.js';
import { findChangeable, lockUser } from './access.js';
import { userPolicy } from './policy.js';

const USERS = '/api/v1/users/';
const PATH = `${USERS}:id/sessions/`;

const EndedOfUser = component('EndedSessionsOfUser', Type.Object({ ended: Type.Integer() }));

const userIn = ({ params }: UserRequest) => pathId(params.id, 'User');

/** Returns the routes by which those who may change a user see and end the user's sessions. */
export function userSessionRoutes(
  database: Database,
  { users, sessions }: { readonly users: CurrentUsers; readonly sessions: OwnSessions },
): RouteDefinition[] {
  const common = { tag: 'users', policy: userPolicy } as const;
  const ofUsers = resourceRoutes(database, { ...common, path: USERS, kind: 'user', output: EndedOfUser });
  const listed = resourceRoutes(database, {
    ...common,
    path: PATH,
    thing: 'Session',
    one: "one of a user's sessions",
    many: "user's sessions",
    output: SessionOutput,
  });
  return [
    listed.list(
      async (transaction, user, page, request) => {
        const id = userIn(request);
        const [found] = await Promise.all([
          listSessions(transaction, id, request.sessionId, page),
          findChangeable(transaction, user, id),
        ]);
        return found;
      },
      {
        summary: "A user's sessions, newest first, for those who may change the user.",
        policy: userPolicy.change,
        errors: [403, 404],
        fromReplica: false,
      },
    ),
    ...changingAccess(users, [
      route({
        method: 'DELETE',
        path: `${PATH}:session/`,
        tag: 'users',
        policy: userPolicy.change,
        summary: "Ends one of a user's sessions.",
        status: 204,
        errors: [403, 404],
        handler: async (request) => {
          const { user, tenant, params } = request;
          const id = userIn(request);
          const session = pathId(params.session, 'Session');
          await database.tenantTransaction(request.context, async (transaction) => {
            await lockUser(transaction, user, id, userPolicy.change);
            const [found] = await transaction.query(lockOpenSession(id, session));
            if (!found) throw notFound('Session');
            endSession(transaction, tenant.schema, found, 'by_admin');
            recordSecurityEvent(transaction, { kind: 'sessions_ended', userId: id, sessionId: found.sid });
          });
        },
      }),
      ofUsers.action(
        'end-sessions/',
        { summary: "Ends all of a user's sessions.", policy: userPolicy.change, errors: [403, 404] },
        async (transaction, user, id) => {
          await lockUser(transaction, user, id, userPolicy.change);
          const ended = await sessions.endEvery(transaction, id);
          recordSecurityEvent(transaction, { kind: 'sessions_ended', userId: id, detail: { ended } });
          return { ended };
        },
      ),
    ]),
  ];
}
