import type { FastifyInstance } from 'fastify';

/** Writes a line for each answered request (level info): what, of which tenant and user, status, milliseconds. */
export function logRequests(server: FastifyInstance): void {
  server.addHook('onResponse', async (request, reply) => {
    const { method, url, host, ip, admitted } = request;
    request.log.info(
      {
        method,
        path: url.split('?', 1)[0], // the query may hold a signature or a token
        host,
        ip,
        tenant: admitted?.tenant?.schema,
        user: admitted?.user?.id,
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime * 10) / 10,
      },
      'request',
    );
  });
}
