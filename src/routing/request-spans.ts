import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ProxySpan } from '../http/trace-context.js';
import { placeOfRequest, type SpanPlace, type SpanSink, spans } from '../platform/spans.js';

type ReadProxySpan = (request: IncomingMessage) => ProxySpan | undefined;

const FAILED_FROM = 500;
/** Methods of requests that change nothing, and so cause no events. */
const READING = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Returns the place of a request's span: in the trace of a trusted proxy, or in its own; undefined without spans. */
export function placeOf(request: FastifyRequest, proxySpanOf: ReadProxySpan): SpanPlace | undefined {
  const { sink } = spans;
  if (!sink) return undefined;
  const own = placeOfRequest(request.id, sink) ?? undefined;
  const proxy = proxySpanOf(request.raw);
  return own && proxy ? joined(own, proxy, sink) : own;
}

function joined(own: SpanPlace, { traceId, isSampled }: ProxySpan, sink: SpanSink): SpanPlace {
  return { traceId, spanId: own.spanId, isSampled: sink.isJoinedSampled(traceId, isSampled) };
}

/** Records a span for each answered request. Call it before routes are added. */
export function recordRequests(server: FastifyInstance, proxySpanOf: ReadProxySpan): void {
  if (!spans.sink) return;
  server.addHook('onResponse', (request, reply, done) => {
    const { sink } = spans;
    const own = sink && placeOfRequest(request.id, sink);
    if (own) {
      const { url: route } = request.routeOptions;
      const endedAt = performance.now();
      const failed = reply.statusCode >= FAILED_FROM;
      const span = {
        name: route ? `${request.method} ${route}` : request.method,
        startedAt: endedAt - reply.elapsedTime,
        endedAt,
        attributes: {
          'http.request.method': request.method,
          ...(route && { 'http.route': route }),
          'http.response.status_code': reply.statusCode,
          ...(request.logContext && { 'leopard.tenant': request.logContext.tenant }),
          'leopard.request_id': request.id,
        },
        error: failed ? String(reply.statusCode) : undefined,
      };
      const proxy = proxySpanOf(request.raw);
      if (!proxy) sink.record({ ...span, kind: 'server', place: own });
      else {
        // Events lead to the trace that is derived from the request's id: a second span there, and links, join the two.
        const place = joined(own, proxy, sink);
        sink.record({ ...span, kind: 'server', place, parent: proxy, links: [own] });
        if (!READING.has(request.method))
          sink.record({ ...span, kind: 'internal', place: own, links: [place] });
      }
    }
    done();
  });
}
