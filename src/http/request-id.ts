import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { compile } from '@fastify/proxy-addr';

/** The header with the request id, in answers and in requests of a trusted proxy. */
export const REQUEST_ID = 'x-request-id';

/** Valid ids: no spaces, which end an id in the audit log, and no characters that a log would have to quote. */
const USABLE = /^[\w.:-]{8,64}$/;

/**
 * Returns the function that assigns request ids, as used in the answer, the log, the audit log and events: a random
 * UUID, or the id set by a trusted proxy. Any other client could pass off its requests as somebody else's.
 * @param trustedProxies addresses and ranges, as in TRUSTED_PROXIES
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
