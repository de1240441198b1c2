import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A span as a receiver gets it. */
export interface ReceivedSpan {
  readonly name: string;
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  /** Milliseconds. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly failed: boolean;
}

export interface OtlpReceiver {
  readonly url: string;
  readonly spans: ReceivedSpan[];
  readonly resources: Record<string, unknown>[];
  /** The bodies as they came. */
  readonly bodies: string[];
  readonly requests: { readonly url: string | undefined; readonly headers: IncomingMessage['headers'] }[];
  /** `hang`: never answers. */
  mode: 'ok' | 'refuse' | 'hang';
  close(): Promise<void>;
}

/** Starts a receiver of OTLP over HTTP, in JSON. */
export async function otlpReceiver(): Promise<OtlpReceiver> {
  const receiver: OtlpReceiver = {
    url: '',
    spans: [],
    resources: [],
    bodies: [],
    requests: [],
    mode: 'ok',
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    receiver.requests.push({ url: request.url, headers: request.headers });
    if (receiver.mode === 'hang') return;
    if (receiver.mode === 'refuse') {
      response.writeHead(400).end('{"message":"no"}');
      return;
    }
    const text = Buffer.concat(chunks).toString();
    receiver.bodies.push(text);
    for (const { resource, scopeSpans } of JSON.parse(text).resourceSpans) {
      receiver.resources.push(valuesOf(resource.attributes));
      for (const { spans } of scopeSpans) receiver.spans.push(...spans.map(received));
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return Object.assign(receiver, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

// biome-ignore lint/suspicious/noExplicitAny: JSON from outside
function received(span: any): ReceivedSpan {
  return {
    name: span.name,
    kind: span.kind,
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId || undefined,
    links: (span.links ?? []).map(({ traceId, spanId }: ReceivedSpan) => ({ traceId, spanId })),
    attributes: valuesOf(span.attributes),
    startedAt: Number(BigInt(span.startTimeUnixNano) / 1_000n) / 1_000,
    endedAt: Number(BigInt(span.endTimeUnixNano) / 1_000n) / 1_000,
    failed: span.status?.code === 2,
  };
}

function valuesOf(attributes: readonly { key: string; value: Record<string, unknown> }[]) {
  return Object.fromEntries(
    attributes.map(({ key, value }) => {
      const [[kind, given]] = Object.entries(value) as [[string, unknown]];
      return [key, kind === 'intValue' ? Number(given) : given];
    }),
  ) as ReceivedSpan['attributes'];
}
