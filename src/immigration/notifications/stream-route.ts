import type { OutgoingHttpHeaders } from 'node:http';
import { Type } from '@sinclair/typebox';
import type { FastifyReply } from 'fastify';
import { HttpError, textError } from '../../http/errors.js';
import { isId } from '../../http/path-id.js';
import type { Hub } from '../../live/hubs.js';
import { ErrorText } from '../../routing/openapi/route-schema.js';
import { type RouteDefinition, route, type UserRequest } from '../../routing/route.js';
import { notificationPolicy } from './policy.js';

const EVENT_STREAM = 'text/event-stream';
const LAST_EVENT_ID = 'Last-Event-ID';

/**
 * Returns the live stream of notifications (server-sent events).
 * @param allowedOrigin which pages may read it, for Access-Control-Allow-Origin
 */
export function streamRoute(hub: Hub, allowedOrigin: string): RouteDefinition {
  const headers = {
    'content-type': EVENT_STREAM,
    'cache-control': 'no-cache, no-store, must-revalidate',
    'x-accel-buffering': 'no', // nginx would hold messages back
    'access-control-allow-origin': allowedOrigin,
  };
  return route({
    method: 'GET',
    path: '/api/v1/notifications/stream/',
    tag: 'notifications',
    summary: "The user's notifications as they come, with heartbeats, and what is read elsewhere.",
    policy: notificationPolicy.own,
    negotiates: false,
    tokenInQuery: true,
    load: 'open',
    query: {
      token: Type.String({ description: 'access token, where the Authorization header cannot be set' }),
      [LAST_EVENT_ID]: Type.String({ description: 'as the header, where that cannot be set' }),
    },
    headers: { [LAST_EVENT_ID]: Type.String() },
    produces: [EVENT_STREAM],
    otherAnswers: { 401: { description: 'not signed in', schema: ErrorText } },
    handler: async (request, reply) => {
      if (request.raw.method === 'HEAD') return reply.headers(headers).send('');
      const { tenant, user, issuedAt, expiresAt, sessionId } = request;
      const asked = { tenant, userId: user.id, issuedAt, expiresAt, sessionId, lastId: lastIdOf(request) };
      const opened = await hub.open(asked, () => hijacked(reply, headers));
      if (opened) return reply;
      // The hub was closed after the token was checked; only the user's own loss of access is reported.
      if (hub.isClosed)
        throw new HttpError(503, { error: 'The service is stopping.' }, { 'retry-after': '1' });
      throw textError(401, 'The session has ended', { 'www-authenticate': 'Bearer realm="api"' });
    },
  });
}

/** Returns the answer with its head written, taken over from the framework. */
function hijacked(reply: FastifyReply, headers: Readonly<Record<string, string>>) {
  reply.hijack();
  const { raw } = reply;
  // Cookies are irrelevant here: tokens do not travel in them.
  const { 'access-control-allow-credentials': _, ...shared } = reply.getHeaders();
  const ending = { connection: 'close' }; // together with the stream
  raw.writeHead(200, { ...shared, ...headers, ...ending } as OutgoingHttpHeaders);
  raw.flushHeaders();
  return raw;
}

/** Returns the last notification that the client has received; null where it names none. */
function lastIdOf({ raw, query }: UserRequest): number | null {
  const given = raw.headers[LAST_EVENT_ID.toLowerCase()] ?? query.text(LAST_EVENT_ID) ?? '';
  const id = typeof given === 'string' && /^\d{1,16}$/.test(given) ? Number(given) : Number.NaN;
  return id === 0 || isId(id) ? id : null;
}
