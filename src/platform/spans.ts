import { createHash, randomBytes } from 'node:crypto';

/** The place of a span: its trace and its own id, in hexadecimal digits, and whether its trace is recorded. */
export interface SpanPlace {
  readonly traceId: string;
  readonly spanId: string;
  readonly isSampled: boolean;
}

/** A finished unit of work. Times are those of performance.now(). */
export interface FinishedSpan {
  readonly name: string;
  /** The way in which it takes part: `server` answers, `client` asks, `consumer` and `producer` work by a queue. */
  readonly kind: 'server' | 'client' | 'consumer' | 'producer' | 'internal';
  readonly place: SpanPlace;
  readonly parent?: Pick<SpanPlace, 'traceId' | 'spanId'> | undefined;
  readonly links?: readonly Pick<SpanPlace, 'traceId' | 'spanId'>[];
  readonly startedAt: number;
  readonly endedAt: number;
  /** Nothing personal: no values, names, addresses or texts of users. */
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  /** The class or code of the error that ended it; its text may hold values. */
  readonly error?: string | undefined;
}

/** A receiver of spans. */
export interface SpanSink {
  /** Decides whether a trace that begins here is recorded; the same for one trace in every process. */
  isSampled(traceId: string): boolean;
  /** Decides about a trace that a proxy has begun. @param theirs the proxy's own decision */
  isJoinedSampled(traceId: string, theirs: boolean): boolean;
  record(span: FinishedSpan): void;
}

/**
 * The receiver of spans; null unless they are exported. Work is described when it is finished, by values that its caller
 * has anyway: nothing follows the flow of asynchronous calls, so that without a receiver nothing is paid for.
 */
export const spans: { sink: SpanSink | null } = { sink: null };

const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/;
const SPAN_DIGITS = 16;
const TRACE_DIGITS = 32;

/**
 * Returns the place of a request's span, derived from the request's id. A domain event keeps that id, so that its
 * worker finds the same place with nothing else stored.
 * @param requestId null for none, and then, as for ids of another form, there is no place
 */
export function placeOfRequest(requestId: string | null, sink: SpanSink): SpanPlace | null {
  if (requestId === null || !UUID.test(requestId)) return null;
  const traceId = requestId.replaceAll('-', '');
  return { traceId, spanId: traceId.slice(SPAN_DIGITS), isSampled: sink.isSampled(traceId) };
}

/**
 * Returns the places of the span of an event's last attempt, and of the request that caused it: null if none did, and
 * then the event begins a trace.
 */
export function placesOfEvent(
  {
    schema,
    id,
    requestId,
  }: { readonly schema: string; readonly id: number; readonly requestId: string | null },
  sink: SpanSink,
): { readonly event: SpanPlace; readonly request: SpanPlace | null } {
  const digits = createHash('sha256').update(`${schema} ${id}`).digest('hex');
  const spanId = digits.slice(0, SPAN_DIGITS);
  const request = placeOfRequest(requestId, sink);
  if (request) return { event: { ...request, spanId }, request };
  const traceId = digits.slice(SPAN_DIGITS, SPAN_DIGITS + TRACE_DIGITS);
  return { event: { traceId, spanId, isSampled: sink.isSampled(traceId) }, request };
}

/** Returns the place of a new span, in a trace of its own or below another span. */
export function newPlace(sink: SpanSink, parent?: SpanPlace): SpanPlace {
  const spanId = randomBytes(SPAN_DIGITS / 2).toString('hex');
  if (parent) return { traceId: parent.traceId, spanId, isSampled: parent.isSampled };
  const traceId = randomBytes(TRACE_DIGITS / 2).toString('hex');
  return { traceId, spanId, isSampled: sink.isSampled(traceId) };
}

/** Returns an error's code or class, which hold no values. */
export function errorKind(error: unknown): string {
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown };
  return typeof code === 'string' && /^\w{1,40}$/.test(code)
    ? code
    : typeof name === 'string'
      ? name
      : 'Error';
}
