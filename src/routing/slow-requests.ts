import type { FastifyInstance } from 'fastify';
import { LineLimit } from '../platform/line-limit.js';

/** The limit from which requests are logged as slow, in milliseconds, and the maximum number of such lines per minute. */
interface SlowLimits {
  readonly requestMs: number;
  readonly linesPerMinute: number;
}

/** Logs requests that take long (level warn), but not streams, which stay open. Call it before routes are added. */
export function logSlowRequests(server: FastifyInstance, { requestMs, linesPerMinute }: SlowLimits): void {
  if (requestMs === 0) return;
  const lines = new LineLimit(linesPerMinute);
  server.addHook('onResponse', (request, reply, done) => {
    const { elapsedTime } = reply;
    if (elapsedTime >= requestMs) {
      const { config, url } = request.routeOptions;
      const leftOut = config.definition?.load === 'open' ? null : lines.take();
      if (leftOut !== null) {
        request.log.warn(
          {
            ...request.logContext,
            method: request.method,
            route: url ?? null,
            status: reply.statusCode,
            ms: Math.round(elapsedTime),
            leftOut: leftOut || undefined,
          },
          'slow request',
        );
      }
    }
    done();
  });
}
