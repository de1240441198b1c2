import { setTimeout as sleep } from 'node:timers/promises';
import { Type } from '@sinclair/typebox';
import { component } from '../http/component.js';
import { anybody } from './policy.js';
import { publicRoute, type RouteDefinition } from './route.js';

/** The name of the service in the answer of /health/. */
export const SERVICE = 'leopard-backend';
const KEPT_FOR_MS = 1_000;
/** Time after which the database counts as unreachable; health checkers give up about then. */
const ANSWERS_WITHIN_MS = 5_000;

const Health = component(
  'Health',
  Type.Object({
    status: Type.Unsafe<string>({ type: 'string', enum: ['healthy', 'unhealthy'] }),
    service: Type.Unsafe<string>({ type: 'string', enum: [SERVICE] }),
  }),
);

/**
 * Returns the route that tells whether this process can serve, on any host and without log-in.
 * @param ask queries the database; called once a second at most, however many callers there are
 * @param within its timeout, in milliseconds
 */
export function healthRoute(ask: () => Promise<unknown>, within = ANSWERS_WITHIN_MS): RouteDefinition {
  let checkedAt = Number.NEGATIVE_INFINITY;
  let answer: Promise<boolean> = Promise.resolve(false);
  const isHealthy = () => {
    // Not Date.now(): a clock that is set back would keep the last answer.
    if (performance.now() - checkedAt > KEPT_FOR_MS) {
      checkedAt = performance.now();
      const asked = ask().then(
        () => true,
        () => false,
      );
      answer = Promise.race([asked, sleep(within, false, { ref: false })]);
    }
    return answer;
  };
  return publicRoute({
    method: 'GET',
    path: '/health/',
    tag: 'health',
    summary: 'Whether the service is up.',
    policy: anybody,
    hosts: 'any',
    page: true,
    isProbe: true,
    response: Health,
    otherAnswers: { 503: { description: 'out of order', schema: Health } },
    handler: async (_request, reply) => {
      const healthy = await isHealthy();
      if (!healthy) reply.code(503);
      return { status: healthy ? 'healthy' : 'unhealthy', service: SERVICE };
    },
  });
}
