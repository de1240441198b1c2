import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { compile } from '@fastify/proxy-addr';

/** The header that names a request in its answer and, from a trusted proxy, on its way in. */
export const REQUEST_ID = 'x-request-id';

/** Neither spaces, which end it in the audit log, nor what would have to be quoted in a log. */
const USABLE = /^[\w.:-]{8,64}$/;

/**
 * Returns what names each request, in its answer, in the log, in the audit log and in the events that it leads to: a
 * random UUID, or what a trusted proxy has named it. Others could make their requests pass for somebody else's.
 * @param trustedProxies addresses and ranges, as TRUSTED_PROXIES has them
 */
export function requestNamer(trustedProxies: readonly string[]): (request: IncomingMessage) => string {
  if (trustedProxies.length === 0) return () => randomUUID();
  const isTrusted = compile([...trustedProxies]);
  return ({ headers, socket }) => {
    const given = headers[REQUEST_ID];
    const isUsable = typeof given === 'string' && USABLE.test(given);
    return isUsable && isTrusted(socket.remoteAddress ?? '', 0) ? given : randomUUID();
  };
}
