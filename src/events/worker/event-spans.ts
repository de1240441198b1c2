import { newPlace, placesOfEvent, type SpanPlace, spans } from '../../platform/spans.js';
import type { DomainEvent } from '../event.js';
import type { HandledEvent } from './event-outcome.js';

/** The run of one handler for one event. Times are those of performance.now(). */
interface HandlerRun {
  readonly handler: string;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly failed: boolean;
}

/** The runs of handlers in the present batch, by event; empty unless spans are exported. */
const runs = new WeakMap<DomainEvent, HandlerRun[]>();

/** Notes that a handler has run for these events. */
export function noteHandlerRun(events: readonly DomainEvent[], run: HandlerRun): void {
  for (const event of events) {
    const known = runs.get(event);
    if (known) known.push(run);
    else runs.set(event, [run]);
  }
}

/** Returns the place of the span of a batch of events; undefined when spans are not exported. */
export function placeOfBatch(): SpanPlace | undefined {
  return spans.sink ? newPlace(spans.sink) : undefined;
}

/**
 * Records the spans of a committed batch: of the batch, in a trace of its own; of each event, in the trace of the
 * request that caused it; and of its handlers.
 */
export function recordBatch(
  schema: string,
  batch: SpanPlace,
  startedAt: number,
  handled: readonly HandledEvent[],
): void {
  const { sink } = spans;
  if (!sink) return;
  const endedAt = performance.now();
  for (const { event, outcome } of handled) {
    if (!event || outcome.kind === 'gone') continue;
    const requestId = event.request_id;
    const { event: last, request } = placesOfEvent({ schema, id: event.id, requestId }, sink);
    const isLast = outcome.kind === 'completed' || outcome.kind === 'failed';
    const place = isLast ? last : newPlace(sink, last);
    const about = { 'leopard.tenant': schema, 'leopard.event_id': event.id };
    sink.record({
      name: `event ${event.event_type}`,
      kind: 'consumer',
      place,
      parent: request ?? undefined,
      links: [batch],
      startedAt,
      endedAt,
      attributes: {
        ...about,
        'leopard.event_type': event.event_type,
        'leopard.outcome': outcome.kind,
        'leopard.attempt': event.retry_count + 1,
        ...(requestId !== null && { 'leopard.request_id': requestId }),
      },
      error: outcome.kind === 'failed' || outcome.kind === 'retried' ? outcome.kind : undefined,
    });
    for (const run of runs.get(event) ?? []) {
      sink.record({
        name: `handler ${run.handler}`,
        kind: 'internal',
        place: newPlace(sink, place),
        parent: place,
        startedAt: run.startedAt,
        endedAt: run.endedAt,
        attributes: { ...about, 'leopard.handler': run.handler },
        error: run.failed ? 'failed' : undefined,
      });
    }
  }
  sink.record({
    name: 'events',
    kind: 'consumer',
    place: batch,
    startedAt,
    endedAt,
    attributes: { 'leopard.tenant': schema, 'leopard.events': handled.length },
  });
}
