import {
  DiagLogLevel,
  diag,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  type IdGenerator,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { TracingSettings } from '../config/observability-settings.js';
import { LineLimit } from '../platform/line-limit.js';
import { type FinishedSpan, type SpanPlace, type SpanSink, spans } from '../platform/spans.js';

/** Maximum number of spans that wait; further ones are lost. */
const MOST_WAITING = 2_048;
/** Number of spans per export: writing them as JSON takes the process some milliseconds. */
const PER_EXPORT = 256;
/** Maximum number of exports under way. */
const MOST_EXPORTS = 2;
const EXPORTS_EVERY_MS = 2_000;
/** Difference from which the wall clock was set anew since the process began. */
const CLOCK_MOVED_MS = 50;

const KINDS: Record<FinishedSpan['kind'], SpanKind> = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  consumer: SpanKind.CONSUMER,
  producer: SpanKind.PRODUCER,
  internal: SpanKind.INTERNAL,
};

export interface RunningTracing {
  /** Sends what waits, within the timeout of an export, and stops. */
  close(): Promise<void>;
}

export interface TracingOptions {
  readonly version: string;
  /** Writes a line to the log, at level warn. */
  readonly warn: (line: string) => void;
  /** Milliseconds between exports, where it differs from the default. */
  readonly everyMs?: number;
}

/**
 * Begins to export spans. A receiver that is away, slow or refuses costs spans, of which one line per minute tells, and
 * nothing else.
 */
export function startTracing(settings: TracingSettings, options: TracingOptions): RunningTracing {
  const losses = new Losses(options.warn);
  diag.setLogger(losses.logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
  const ids = new GivenIds();
  const provider = new TracerProvider({
    resource: defaultResource().merge(
      resourceFromAttributes({
        'service.name': settings.serviceName,
        'service.version': options.version,
        ...settings.resourceAttributes,
      }),
    ),
    idGenerator: ids,
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: losses.counting(exporterFor(settings)),
        maxQueueSize: MOST_WAITING,
        maxExportBatchSize: PER_EXPORT,
        scheduledDelayMillis: options.everyMs ?? EXPORTS_EVERY_MS,
        exportTimeoutMillis: settings.timeout + 1_000,
      }),
    ],
  });
  const sink = new Recorder(provider, ids, settings);
  spans.sink = sink;
  return {
    async close() {
      if (spans.sink === sink) spans.sink = null;
      await provider.shutdown().catch(() => undefined);
      diag.disable();
    },
  };
}

function exporterFor({ url, headers, timeout }: TracingSettings): OTLPTraceExporter {
  return new OTLPTraceExporter({ url, headers, timeoutMillis: timeout, concurrencyLimit: MOST_EXPORTS });
}

/** Gives spans the ids that their callers have chosen. */
class GivenIds implements IdGenerator {
  next: Pick<SpanPlace, 'traceId' | 'spanId'> = { traceId: '', spanId: '' };
  generateTraceId = () => this.next.traceId;
  generateSpanId = () => this.next.spanId;
}

class Recorder implements SpanSink {
  readonly #sampler: TraceIdRatioBasedSampler;
  readonly #tracer;
  #clockOffset = Date.now() - performance.now();

  constructor(
    provider: TracerProvider,
    private readonly ids: GivenIds,
    private readonly settings: TracingSettings,
  ) {
    this.#sampler = new TraceIdRatioBasedSampler(settings.ratio);
    this.#tracer = provider.getTracer('leopard');
  }

  isSampled(traceId: string): boolean {
    const { ratio } = this.settings;
    return ratio === 1 || (ratio > 0 && this.#sampler.shouldSample(ROOT_CONTEXT, traceId).decision !== 0);
  }

  isJoinedSampled(traceId: string, theirs: boolean): boolean {
    return this.settings.followsProxy ? theirs : this.isSampled(traceId);
  }

  record({
    name,
    kind,
    place,
    parent,
    links = [],
    startedAt,
    endedAt,
    attributes,
    error,
  }: FinishedSpan): void {
    if (!place.isSampled) return;
    const remote = (of: Pick<SpanPlace, 'traceId' | 'spanId'>) => ({
      ...{ traceId: of.traceId, spanId: of.spanId },
      traceFlags: TraceFlags.SAMPLED,
      isRemote: true,
    });
    this.ids.next = place;
    const span = this.#tracer.startSpan(
      name,
      {
        kind: KINDS[kind],
        startTime: this.#wallClock(startedAt),
        attributes,
        links: links.map((link) => ({ context: remote(link) })),
      },
      parent ? trace.setSpanContext(ROOT_CONTEXT, remote(parent)) : ROOT_CONTEXT,
    );
    if (error !== undefined) {
      span.setAttribute('error.type', error);
      span.setStatus({ code: SpanStatusCode.ERROR });
    }
    span.end(this.#wallClock(endedAt));
  }

  /** Converts a time of performance.now(), which does not follow when the wall clock is set. */
  #wallClock(time: number): number {
    const offset = Date.now() - performance.now();
    if (Math.abs(offset - this.#clockOffset) > CLOCK_MOVED_MS) this.#clockOffset = offset;
    return this.#clockOffset + time;
  }
}

/** Counts the spans that were lost, and tells of them. */
class Losses {
  readonly #lines = new LineLimit(1);
  #lost = 0;

  constructor(private readonly warn: (line: string) => void) {}

  /** The receiver of the SDK's own messages, which tell of spans that found no place in the queue. */
  get logger() {
    const take = (message: string) => {
      const [, dropped] = /^Dropped (\d+) spans/.exec(message) ?? [];
      this.#note(Number(dropped ?? 0), dropped ? 'too many wait for the receiver' : message);
    };
    return { error: take, warn: take, info: ignore, debug: ignore, verbose: ignore };
  }

  /** Returns the exporter with its failures noted here. */
  counting(exporter: SpanExporter): SpanExporter {
    return {
      export: (batch, done) =>
        exporter.export(batch, (result) => {
          if (result.code !== 0) this.#note(batch.length, reasonOf(result.error));
          done({ code: 0 });
        }),
      forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
      shutdown: () => exporter.shutdown(),
    };
  }

  #note(count: number, reason: string): void {
    this.#lost += count;
    if (this.#lines.take() === null) return;
    this.warn(`spans could not be exported: ${reason}; ${this.#lost} are lost so far`);
  }
}

const ignore = () => undefined;

/** Returns why an export failed, in one line; an answer's body is not repeated. */
function reasonOf(error: (Error & { code?: unknown }) | undefined): string {
  const { code, message = 'unknown' } = error ?? {};
  return [code, message.split('\n', 1)[0]?.slice(0, 200)].filter(Boolean).join(' ');
}
