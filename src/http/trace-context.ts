import type { IncomingMessage } from 'node:http';
import { compile } from '@fastify/proxy-addr';

/** The span of a proxy that has passed a request on. */
export interface ProxySpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly isSampled: boolean;
}

/** Version 00 of W3C Trace Context; later versions begin in the same way. */
const TRACEPARENT = /^(?!ff)[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})(?:$|-)/;
const SAMPLED = 1;

/**
 * Returns the function that reads the header `traceparent` of a trusted proxy; undefined where it has sent none. Those
 * of others are not read: anybody could have a trace of somebody else continued, or every request recorded.
 * @param trustedProxies addresses and ranges, as in TRUSTED_PROXIES
 */
export function proxySpanReader(
  trustedProxies: readonly string[],
): (request: IncomingMessage) => ProxySpan | undefined {
  if (trustedProxies.length === 0) return () => undefined;
  const isTrusted = compile([...trustedProxies]);
  return ({ headers, socket }) => {
    const { traceparent } = headers;
    if (typeof traceparent !== 'string' || !isTrusted(socket.remoteAddress ?? '', 0)) return undefined;
    const [, traceId, spanId, flags = ''] = TRACEPARENT.exec(traceparent) ?? [];
    if (!traceId || !spanId) return undefined;
    return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & SAMPLED) === SAMPLED };
  };
}
