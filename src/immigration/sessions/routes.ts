import { type Static, Type } from '@sinclair/typebox';
import type { CurrentUsers } from '../../auth/current-user.js';
import { IS_MARK } from '../../auth/ended-tokens.js';
import type { OwnSessions } from '../../auth/own-sessions.js';
import { recordSecurityEvent } from '../../auth/security-log.js';
import { logOutNotice } from '../../auth/sessions.js';
import type { Database } from '../../database/database.js';
import { type Sql, sql } from '../../database/sql.js';
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
import { select, selection, wrap } from '../shared/columns.js';
import { idOutput, timeOutput } from '../shared/output.js';
import { pageOf } from '../shared/page-of.js';
import { ownPolicy } from '../shared/resource-policy.js';
import { resourceRoutes } from '../shared/resource-routes.js';

const PATH = '/api/v1/sessions/';
const tag = 'sessions';

const SessionOutput = component(
  'SessionOutput',
  Type.Object({
    id: idOutput(),
    created_at: timeOutput(),
    expires_at: timeOutput(),
    current: nullableSchema(
      Type.Boolean({ description: 'whether it is the one that asks; null where that cannot be known' }),
    ),
  }),
);
type SessionOutput = Static<typeof SessionOutput>;

const EndAll = body('EndSessionsRequest', { refresh: text({ min: 1 }) });
const EndedSessions = component(
  'EndedSessions',
  Type.Object({
    ended: Type.Integer(),
    refresh: nullableSchema(Type.String()),
    access: nullableSchema(Type.String()),
  }),
);

/**
 * Returns the condition that a token `o` is an open session of the user: a refresh token that can still be exchanged.
 */
function isOpen(userId: number): Sql<boolean> {
  return sql`o.user_id = ${userId} AND o.expires_at > now() AND NOT ${IS_MARK} AND NOT EXISTS (
    SELECT FROM token_blacklist_blacklistedtoken b WHERE b.token_id = o.id)`;
}

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
      (transaction, user, page, { issuedAt }) => {
        const open = isOpen(user.id);
        const counting = sql<{ count: number }>`
          SELECT count(*) AS count FROM token_blacklist_outstandingtoken o WHERE ${open}`;
        return pageOf(transaction, counting, sessionsOf(user.id, issuedAt, open), page);
      },
      { summary: "The user's sessions, newest first.", errors: [404] },
    ),
    routes.remove((transaction, user, id, request) => endSession(transaction, request, user.id, id)),
    ...changingAccess(users, [
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

const COLUMNS = selection<SessionOutput>({
  id: sql`o.id`,
  created_at: sql`o.created_at`,
  expires_at: sql`o.expires_at`,
  current: sql`CASE WHEN EXISTS (SELECT FROM asking) THEN o.id = (SELECT id FROM asking) END`,
});

/**
 * Returns the open sessions, newest first. An access token is issued in the same second as its refresh token, which
 * identifies the present session, unless the user began several in that second or has exchanged that refresh token
 * since.
 */
function sessionsOf(userId: number, issuedAt: number, open: Sql<boolean>): Sql<SessionOutput> {
  const asking = sql`
    WITH asking AS (
      SELECT min(o.id) AS id FROM token_blacklist_outstandingtoken o
      WHERE o.user_id = ${userId} AND o.created_at = to_timestamp(${issuedAt}::float8) AND NOT ${IS_MARK}
      HAVING count(*) = 1 AND bool_and(${open}))`;
  const newestFirst = sql`WHERE ${open} ORDER BY o.created_at DESC, o.id DESC`;
  return wrap(
    select(COLUMNS, sql`FROM token_blacklist_outstandingtoken o ${newestFirst}`),
    (rows) => sql`${asking} ${rows}`,
  );
}

/** Revokes one refresh token, as a log-out would. @throws HttpError 404 when it is not an open session of the user */
async function endSession(
  transaction: TenantTransaction,
  { tenant }: UserRequest,
  userId: number,
  id: number,
): Promise<void> {
  const revoked = await transaction.query(sql`
    INSERT INTO token_blacklist_blacklistedtoken (token_id, blacklisted_at)
    SELECT o.id, now() FROM token_blacklist_outstandingtoken o WHERE o.id = ${id} AND ${isOpen(userId)}
    ON CONFLICT (token_id) DO NOTHING RETURNING id`);
  if (revoked.length === 0) throw notFound('Session');
  transaction.send(logOutNotice({ schema: tenant.schema, user: userId }));
  recordSecurityEvent(transaction, { kind: 'logout', userId, detail: { session: id } });
}
