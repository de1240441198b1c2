import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { compile } from '@fastify/proxy-addr';

/** The header with the request id in answers, and with the proxy's own id in requests of a trusted proxy. */
export const REQUEST_ID = 'x-request-id';

/** Valid ids of proxies: no characters that a log would have to quote. */
const USABLE = /^[\w.:-]{8,64}$/;

/**
 * Returns a request's id, as used in the answer, the logs and events: random, and never a client's or a proxy's, which
 * could be another request's.
 */
export const newRequestId = (): string => randomUUID();

/**
 * Returns the function that reads the id that a trusted proxy has given a request, for the log; undefined where there is
 * none.
 * @param trustedProxies addresses and ranges, as in TRUSTED_PROXIES
 */
export function proxyIdReader(
  trustedProxies: readonly string[],
): (request: IncomingMessage) => string | undefined {
  if (trustedProxies.length === 0) return () => undefined;
  const isTrusted = compile([...trustedProxies]);
  return ({ headers, socket }) => {
    const given = headers[REQUEST_ID];
    const isUsable = typeof given === 'string' && USABLE.test(given);
    return isUsable && isTrusted(socket.remoteAddress ?? '', 0) ? given : undefined;
  };
}
