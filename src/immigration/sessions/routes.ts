import { Type } from '@sinclair/typebox';
import type { CurrentUsers } from '../../auth/current-user.js';
import { endSession } from '../../auth/end-session.js';
import type { OwnSessions } from '../../auth/own-sessions.js';
import { recordSecurityEvent } from '../../auth/security-log.js';
import { lockOpenSession } from '../../auth/session-rows.js';
import type { Database } from '../../database/database.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { component } from '../../http/component.js';
import { notFound } from '../../http/errors.js';
import { body } from '../../http/fields/body.js';
import { nullableSchema } from '../../http/fields/field.js';
import { text } from '../../http/fields/text.js';
import { clientOf } from '../../routing/client-device.js';
import { signedIn } from '../../routing/policy.js';
import { type RouteDefinition, route, type UserRequest } from '../../routing/route.js';
import { changingAccess } from '../shared/changing-access.js';
import { ownPolicy } from '../shared/resource-policy.js';
import { resourceRoutes } from '../shared/resource-routes.js';
import { listSessions, SessionOutput } from '../shared/session-list.js';

const PATH = '/api/v1/sessions/';
const tag = 'sessions';

const EndAll = body('EndSessionsRequest', { refresh: text({ min: 1 }) });
const EndedSessions = component(
  'EndedSessions',
  Type.Object({
    ended: Type.Integer(),
    refresh: nullableSchema(Type.String()),
    access: nullableSchema(Type.String()),
  }),
);

/** Returns the routes of a user's own sessions. */
export function sessionRoutes(
  database: Database,
  { users, sessions }: { readonly users: CurrentUsers; readonly sessions: OwnSessions },
): RouteDefinition[] {
  const routes = resourceRoutes(database, {
    path: PATH,
    tag,
    thing: 'Session',
    one: "one of the user's sessions",
    many: "user's sessions",
    policy: ownPolicy,
    output: SessionOutput,
  });
  return [
    routes.list(
      (transaction, user, page, { sessionId }) => listSessions(transaction, user.id, sessionId, page),
      { summary: "The user's sessions, newest first.", errors: [404], fromReplica: false },
    ),
    ...changingAccess(users, [
      routes.remove((transaction, _user, id, request) => endOwnSession(transaction, request, id)),
      route({
        method: 'POST',
        path: `${PATH}end-all/`,
        tag,
        summary: "Ends the user's sessions, all or all but the one whose refresh token is given.",
        policy: signedIn,
        body: EndAll,
        response: EndedSessions,
        errors: [400],
        handler: async (request) => {
          const { tenant, user, body } = request;
          const { ended, pair } = await sessions.endAll(tenant, user, body.read().refresh, clientOf(request));
          return { ended, refresh: pair?.refresh ?? null, access: pair?.access ?? null };
        },
      }),
    ]),
  ];
}

/** Ends one session, as a log-out would. @throws HttpError 404 when it is not an open session of the user */
async function endOwnSession(
  transaction: TenantTransaction,
  { tenant, user, sessionId }: UserRequest,
  id: number,
): Promise<void> {
  const [session] = await transaction.query(lockOpenSession(user.id, id));
  if (!session) throw notFound('Session');
  endSession(transaction, tenant.schema, session, session.sid === sessionId ? 'log_out' : 'by_user');
  recordSecurityEvent(transaction, {
    kind: 'logout',
    userId: user.id,
    sessionId: session.sid,
    detail: { session: id },
  });
}
