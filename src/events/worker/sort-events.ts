import { jittered } from '../../platform/jitter.js';
import { type DomainEvent, recordKey } from '../event.js';
import { type EventOutcome, type HandledEvent, UNTOUCHED } from './event-outcome.js';
import type { ClaimedEvent } from './event-queue.js';
import { failedElsewhere, type HandlerBinding, isDone } from './handler-bindings.js';

/** Number of claims without an outcome after which an event is handled alone (see count_claims). */
const CLAIMS_TOGETHER = 3;
/** Number of workers that may die while handling an event alone, before the event counts as failed. */
const MOST_DEATHS = 8;
/** Wait of events that only other versions of the program know; it does not last for ever. */
const UNKNOWN_WAIT_SECONDS = 10;
const UNKNOWN_FOR_MS = 3_600_000;
const PAUSED_WAIT_SECONDS = 2;

export interface SortedEvents {
  /** Events whose outcome is already clear. */
  readonly decided: HandledEvent[];
  /** Events that failed for good earlier, of which the admins could not be notified yet. */
  readonly untold: DomainEvent[];
  readonly toRun: { readonly event: DomainEvent; readonly bindings: readonly HandlerBinding[] }[];
}

/**
 * Sorts events by whether they are to be handled now.
 * @param bindingsOf null for a type that this version of the program does not know
 */
export function sortEvents(
  events: readonly ClaimedEvent[],
  bindingsOf: (event: DomainEvent) => readonly HandlerBinding[] | null,
  pausedHandlers: readonly string[],
): SortedEvents {
  const sorted: SortedEvents = { decided: [], untold: [], toRun: [] };
  const blocked = new Set<string>();
  for (const { id, claims, event } of events) {
    if (!event) {
      sorted.decided.push({ id, event, outcome: { kind: 'gone' } });
      continue;
    }
    if (event.status === 'FAILED') {
      sorted.untold.push(event);
      continue;
    }
    const record = recordKey(event);
    const bindings = bindingsOf(event);
    const outcome = blocked.has(record)
      ? UNTOUCHED
      : (wornOut(claims) ?? unknown(event, bindings) ?? paused(event, bindings, pausedHandlers));
    if (!outcome) {
      sorted.toRun.push({ event, bindings: bindings ?? [] });
      continue;
    }
    sorted.decided.push({ id, event, outcome });
    if (outcome.kind === 'waiting') blocked.add(record);
  }
  return sorted;
}

function wornOut(claims: number): EventOutcome | null {
  const deaths = claims - 1 - CLAIMS_TOGETHER;
  if (deaths < MOST_DEATHS) return null;
  return { kind: 'failed', results: {}, error: `took its worker down ${deaths} times` };
}

function unknown(event: DomainEvent, bindings: readonly HandlerBinding[] | null): EventOutcome | null {
  const names = bindings ? failedElsewhere(event, bindings) : [event.event_type];
  if (names.length === 0) return null;
  const reason = `this version of the program does not know ${names.join(', ')}`;
  if (Date.now() - Date.parse(event.created_at) > UNKNOWN_FOR_MS)
    return { kind: 'failed', results: {}, error: reason };
  return { kind: 'waiting', results: {}, seconds: jittered(UNKNOWN_WAIT_SECONDS), reason };
}

/**
 * Returns the outcome of an event with a paused handler. Most such events are not even claimed; only here is it known
 * which handlers webhooks add.
 */
function paused(
  { handler_results: results }: DomainEvent,
  bindings: readonly HandlerBinding[] | null,
  pausedHandlers: readonly string[],
): EventOutcome | null {
  const waits = bindings?.some(({ key, name }) => pausedHandlers.includes(name) && !isDone(results[key]));
  if (!waits) return null;
  return { kind: 'waiting', results: {}, seconds: jittered(PAUSED_WAIT_SECONDS), reason: null };
}
