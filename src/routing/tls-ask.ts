import { compile } from '@fastify/proxy-addr';
import { Type } from '@sinclair/typebox';
import type { FastifyRequest } from 'fastify';
import { detailError } from '../http/errors.js';
import { hostName } from '../tenancy/host.js';
import type { KnownDomains } from '../tenancy/known-domains.js';
import { anybody } from './policy.js';
import { publicRoute, type RouteDefinition } from './route.js';

/** Headers that proxies add: a request that has one comes from somebody behind the proxy. */
const ADDED_BY_PROXIES = ['x-forwarded-for', 'x-forwarded-host', 'forwarded', 'via'];

/**
 * Returns the route that tells a proxy on this machine, or one in TRUSTED_PROXIES, whether it may get a certificate for a
 * domain: 200 for an agency's own, else 404. To everybody else, also through the proxy, it does not exist.
 */
export function tlsAskRoute(domains: KnownDomains, trustedProxies: readonly string[]): RouteDefinition {
  const isTrusted = compile(['loopback', ...trustedProxies]);
  const isFromProxyItself = ({ raw }: FastifyRequest) =>
    isTrusted(raw.socket.remoteAddress ?? '', 0) && ADDED_BY_PROXIES.every((name) => !(name in raw.headers));
  return publicRoute({
    method: 'GET',
    path: '/internal/tls/ask/',
    tag: 'health',
    summary: 'Whether the proxy in front may get a certificate for a domain; for the proxy alone.',
    policy: anybody,
    hosts: 'any',
    page: true,
    isProbe: true,
    query: { domain: Type.String() },
    response: Type.Object({ domain: Type.String() }),
    errors: [404],
    otherAnswers: {
      503: { description: 'too many at once', schema: Type.Object({ detail: Type.String() }) },
    },
    handler: async ({ raw, query }, reply) => {
      const domain = hostName(query.text('domain'));
      if (!isFromProxyItself(raw) || domain === null) throw detailError(404, 'Not found.');
      const found = await domains.find(domain);
      if (found === 'known') return { domain };
      if (found === 'unknown') throw detailError(404, 'Not found.');
      reply.code(503).header('retry-after', '1'); // not thrown: a flood would fill the log
      return { detail: 'Too many domains are asked for.' };
    },
  });
}
