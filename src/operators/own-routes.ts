import type { Database } from '../database/database.js';
import { sql } from '../database/sql.js';
import { notFound } from '../http/errors.js';
import { pathId } from '../http/path-id.js';
import { operatorRoute } from '../routing/operator-route.js';
import type { RouteDefinition } from '../routing/route.js';
import { changingRoute } from './changing-route.js';
import type { OwnPassword } from './own-password.js';
import { PLATFORM_PATH } from './path.js';
import { anyOperator, rightsOf } from './rights.js';
import { MeOutput, PasswordBody, SessionsOutput } from './schemas.js';
import { endSession, openSessions } from './sessions.js';

interface OwnSession {
  readonly startedAt: Date;
  readonly endsAt: Date;
  readonly left: number;
}

/** Returns the routes of an operator's own account. */
export function ownRoutes(database: Database, password: OwnPassword): RouteDefinition[] {
  const common = { tag: 'me', policy: anyOperator } as const;
  return [
    operatorRoute({
      ...common,
      method: 'GET',
      path: `${PLATFORM_PATH}me/`,
      summary: 'The operator who asks, with role, rights and session.',
      response: MeOutput,
      handler: async ({ operator, sessionId }) => {
        const [session] = await database.platformTransaction(async (transaction) =>
          transaction.send(sql<OwnSession>`
            SELECT started_at AS "startedAt", ends_at AS "endsAt",
              (SELECT count(*)::integer FROM public.operator_recovery_code c WHERE c.operator_id = s.operator_id) AS left
            FROM public.operator_session s WHERE s.id = ${sessionId}`),
        );
        const { startedAt, endsAt, left } = session!;
        return {
          ...operator,
          rights: rightsOf(operator.role),
          session: { id: sessionId, started_at: startedAt, ends_at: endsAt },
          recovery_codes_left: left,
        };
      },
    }),
    operatorRoute({
      ...common,
      method: 'POST',
      path: `${PLATFORM_PATH}me/password/`,
      summary: "Changes the operator's password; all other sessions end.",
      audits: 'me.password',
      body: PasswordBody,
      status: 204,
      errors: [400, 429],
      handler: async (request) => {
        await password.change(request, () => request.body.read());
      },
    }),
    operatorRoute({
      ...common,
      method: 'GET',
      path: `${PLATFORM_PATH}sessions/`,
      summary: "The operator's open sessions, newest first.",
      response: SessionsOutput,
      handler: async ({ operator, sessionId }) => ({
        results: await database.platformTransaction(async (transaction) =>
          transaction.send(openSessions(operator.id, sessionId)),
        ),
      }),
    }),
    changingRoute(database, {
      ...common,
      method: 'DELETE',
      path: `${PLATFORM_PATH}sessions/:id/`,
      summary: "Ends one of the operator's sessions.",
      audit: { action: 'sessions.end', target: 'session' },
      status: 204,
      errors: [404],
      handler: async (transaction, { operator, params }) => {
        const ended = await transaction.query(endSession(operator.id, pathId(params.id, 'Session')));
        if (ended.length === 0) throw notFound('Session');
      },
    }),
    changingRoute(database, {
      ...common,
      method: 'POST',
      path: `${PLATFORM_PATH}logout/`,
      summary: 'Logs out: ends the session of the token.',
      audit: { action: 'log-out' },
      status: 204,
      handler: async (transaction, { operator, sessionId }, notes) => {
        notes.target = { kind: 'session', id: sessionId };
        transaction.send(endSession(operator.id, sessionId));
      },
    }),
  ];
}
