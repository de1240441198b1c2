import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';

/**
 * Logs a line for each answered request (level info): method, path, status, milliseconds. Like every line about a
 * request, it carries the request's id and, once known, the tenant and the user's id.
 * @param addressOf reads the client's address
 */
export function logRequests(server: FastifyInstance, addressOf: (request: IncomingMessage) => string): void {
  server.addHook('onResponse', async (request, reply) => {
    const { method, url, host, raw } = request;
    request.log.info(
      {
        ...request.logContext,
        method,
        path: url.split('?', 1)[0], // the query may hold a signature or a token
        host,
        ip: addressOf(raw),
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime * 10) / 10,
      },
      'request',
    );
  });
}
