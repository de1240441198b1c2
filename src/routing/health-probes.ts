import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { Type } from '@sinclair/typebox';
import { component } from '../http/component.js';
import { SERVICE } from './health.js';
import { anybody } from './policy.js';
import type { ReadyAnswer } from './readiness.js';
import { publicRoute, type RouteDefinition } from './route.js';

const LIVE_PATH = '/health/live';
const READY_PATH = '/health/ready';
const ALIVE = { status: 'alive' };
/** Seconds after which a client may try again while the process starts. */
const TRY_AGAIN_IN = '1';

const Live = component(
  'Live',
  Type.Object({ status: Type.Unsafe<string>({ type: 'string', enum: ['alive'] }) }),
);
const Ready = component(
  'Ready',
  Type.Object({
    status: Type.Unsafe<string>({ type: 'string', enum: ['ready', 'not ready'] }),
    reasons: Type.Array(
      Type.Object({
        code: Type.Unsafe<string>({
          type: 'string',
          enum: [
            'starting',
            'migrating',
            'draining',
            'database_unavailable',
            'schema_outdated',
            'writes_failing',
          ],
        }),
        detail: Type.String(),
        done: Type.Optional(Type.Integer()),
        total: Type.Optional(Type.Integer()),
      }),
    ),
  }),
);

/**
 * Returns the routes for whoever supervises the process and sends requests to it, on any host and without log-in:
 * whether it is alive, which asks nobody, and whether it may be sent requests.
 */
export function healthProbes(ready: () => Promise<ReadyAnswer>): RouteDefinition[] {
  const probe = {
    method: 'GET',
    tag: 'health',
    policy: anybody,
    hosts: 'any',
    page: true,
    isProbe: true,
  } as const;
  return [
    publicRoute({
      ...probe,
      path: LIVE_PATH,
      summary: 'Whether the process is alive; never depends on the database.',
      response: Live,
      handler: async () => ALIVE,
    }),
    publicRoute({
      ...probe,
      path: READY_PATH,
      summary: 'Whether the process may be sent requests and, if not, why.',
      response: Ready,
      otherAnswers: { 503: { description: 'not ready', schema: Ready } },
      handler: async (_request, reply) => {
        const answer = await ready();
        if (answer.status !== 'ready') reply.code(503);
        return answer;
      },
    }),
  ];
}

/** Returns what answers before the application does: the health checks, and 503 to all other requests. */
export function answersWhileStarting(ready: () => Promise<ReadyAnswer>): RequestListener {
  return (request, response) => {
    request.resume(); // a body is not read by anybody
    const path = (request.url ?? '').split('?', 1)[0];
    if (path === LIVE_PATH) return send(request, response, 200, ALIVE);
    if (path === '/health/') return send(request, response, 503, { status: 'unhealthy', service: SERVICE });
    if (path !== READY_PATH) return send(request, response, 503, { detail: 'The service is starting.' });
    ready().then(
      (answer) => send(request, response, answer.status === 'ready' ? 200 : 503, answer),
      () => response.destroy(),
    );
  };
}

function send(request: IncomingMessage, response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(status === 503 && { 'retry-after': TRY_AGAIN_IN }),
  });
  response.end(request.method === 'HEAD' ? undefined : text);
}
