import { newPlace, placesOfEvent, spans } from '../platform/spans.js';
import type { AttemptOutcome } from './attempt-outcome.js';
import type { Delivery } from './records.js';

/** Records the span of an attempt at a delivery, below the event that it tells of. @param startedAt of performance.now() */
export function recordDelivery(
  schema: string,
  delivery: Delivery,
  startedAt: number,
  { sent, statusCode }: AttemptOutcome,
): void {
  const { sink } = spans;
  if (!sink) return;
  const { eventId, requestId, kind, attempts } = delivery;
  const parent = eventId === null ? undefined : placesOfEvent({ schema, id: eventId, requestId }, sink).event;
  sink.record({
    name: `delivery ${kind}`,
    kind: 'producer',
    place: newPlace(sink, parent),
    parent,
    startedAt,
    endedAt: performance.now(),
    attributes: {
      'leopard.tenant': schema,
      'leopard.delivery_id': delivery.id,
      'leopard.attempt': attempts + 1,
      ...(eventId !== null && { 'leopard.event_id': eventId, 'leopard.event_type': delivery.eventType }),
      ...(requestId !== null && { 'leopard.request_id': requestId }),
      ...(statusCode !== null && { 'http.response.status_code': statusCode }),
    },
    error: sent ? undefined : String(statusCode ?? 'failed'),
  });
}
