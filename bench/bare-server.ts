import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Fastify from 'fastify';
import { registerBodyParsers } from '../src/http/body-parsers.js';
import { newRequestId } from '../src/http/request-id.js';
import { createLimitedServer } from '../src/http/server.js';
import { repairUrl } from '../src/routing/path-table.js';
import { answerCalls } from './child.js';

export interface FixedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Answers every request with the same bytes. @returns the port */
async function listen({ status, headers, body }: FixedAnswer): Promise<number> {
  const server = createServer((_request, response) => {
    response.writeHead(status, headers);
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

const NO_LIMITS = { connections: { most: 0, perAddress: 0 }, trustedProxies: [] };

/**
 * Answers every request with the same bytes, by a route of the program's framework, with its server, ids of requests and
 * parsers of bodies, but without tenant, user and database. @returns the port
 */
async function route({ status, headers, body }: FixedAnswer): Promise<number> {
  const server = Fastify({
    genReqId: newRequestId,
    serverFactory: (listener) => createLimitedServer(listener, NO_LIMITS),
    rewriteUrl: ({ url = '/' }) => repairUrl(url),
  });
  registerBodyParsers(server);
  server.all('*', (_request, reply) => reply.code(status).headers(headers).send(body));
  await server.listen({ host: '127.0.0.1', port: 0 });
  return (server.server.address() as AddressInfo).port;
}

const calls = { listen, route };
export type BareServerCalls = typeof calls;
answerCalls(calls);
