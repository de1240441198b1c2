import { sql } from '../../database/sql.js';
import type { Statement } from '../../database/statement.js';
import type { DomainEvent, HandlerResult } from '../event.js';
import { delayEvents, finishEvents } from './event-queue.js';

export type Results = Readonly<Record<string, HandlerResult>>;

/** The outcome of handling an event once. */
export type EventOutcome =
  | { readonly kind: 'completed'; readonly results: Results }
  /** Tried again later. */
  | { readonly kind: 'retried'; readonly results: Results; readonly error: string }
  /** For good. */
  | { readonly kind: 'failed'; readonly results: Results; readonly error: string }
  /** Put off without counting as an attempt; `reason` null: nothing hinders it, there was just no time. */
  | {
      readonly kind: 'waiting';
      readonly results: Results;
      readonly seconds: number;
      readonly reason: string | null;
    }
  /** In the queue, but not in the tenant's table. */
  | { readonly kind: 'gone' };

/**
 * The outcome of an event that was not touched: an earlier event of the same record comes first, or there was no time.
 */
export const UNTOUCHED: EventOutcome = { kind: 'waiting', results: {}, seconds: 0, reason: null };

export interface HandledEvent {
  readonly id: number;
  /** Null when it no longer exists. */
  readonly event: DomainEvent | null;
  readonly outcome: EventOutcome;
}

const STATUS = { completed: 'COMPLETED', retried: 'PENDING', failed: 'FAILED', waiting: 'PENDING' } as const;

// Found by the index on the ids, whatever number of rows the planner expects of the JSON.
const update = (rows: readonly ReturnType<typeof rowOf>[]) => sql`
  UPDATE immigration_event e SET
    status = o.status, handler_results = e.handler_results || o.results, retry_count = o.retry_count,
    error_message = CASE WHEN o.untouched THEN e.error_message ELSE o.error END,
    processed_at = CASE WHEN o.status IN ('COMPLETED', 'FAILED') THEN now() END, updated_at = now()
  FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS o
    (id bigint, status text, results jsonb, retry_count smallint, error text, untouched boolean)
  WHERE e.id = o.id AND e.id = ANY (${rows.map(({ id }) => id)}::bigint[])`;

/**
 * Returns the statements that write the outcome of events into their rows and into the queue.
 * @param kept ids of finished events that keep their place in the queue
 */
export function outcomeStatements(
  handled: readonly HandledEvent[],
  kept: ReadonlySet<number> = new Set(),
): Statement[] {
  const rows: ReturnType<typeof rowOf>[] = [];
  const finished: number[] = [];
  const delays: { id: number; seconds: number }[] = [];
  for (const { id, event, outcome } of handled) {
    if (outcome.kind === 'retried') delays.push({ id, seconds: retryDelay(event?.retry_count ?? 0) });
    else if (outcome.kind === 'waiting') delays.push({ id, seconds: outcome.seconds });
    else if (!kept.has(id)) finished.push(id);
    if (event && outcome.kind !== 'gone') rows.push(rowOf(event, outcome));
  }
  return [
    ...(rows.length > 0 ? [update(rows)] : []),
    ...(finished.length > 0 ? [finishEvents(finished)] : []),
    ...(delays.length > 0 ? [delayEvents(delays)] : []),
  ];
}

function rowOf(event: DomainEvent, outcome: Exclude<EventOutcome, { kind: 'gone' }>) {
  return {
    id: event.id,
    status: STATUS[outcome.kind],
    results: outcome.results,
    retry_count: event.retry_count + (outcome.kind === 'retried' ? 1 : 0),
    error: outcome.kind === 'completed' ? null : outcome.kind === 'waiting' ? outcome.reason : outcome.error,
    untouched: outcome.kind === 'waiting' && outcome.reason === null,
  };
}

/** Decides between a retry and giving up. */
export function failure(event: DomainEvent, results: Results, error: string): EventOutcome {
  return { kind: event.retry_count < event.max_retries ? 'retried' : 'failed', results, error };
}

const LONGEST_ERROR = 1_000;

/** Returns an error's message in a form that the database accepts: without NUL and lone surrogates. */
export function errorText(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : String(error);
  return text.replaceAll('\0', '').toWellFormed().slice(0, LONGEST_ERROR).toWellFormed() || 'unknown error';
}

/** Maximum wait before a retry, in seconds. */
export const LONGEST_EVENT_WAIT_S = 3600;

/**
 * Returns the wait before a failed event is retried: 1 to 2 s, then 2 to 4 s, 4 to 8 s … one hour at most. The wait
 * grows each time and is random within its range, so that events that failed together do not come back together.
 * @param retries number of earlier retries
 * @param random from 0 to 1
 * @returns seconds
 */
export function retryDelay(retries: number, random = Math.random()): number {
  const shortest = Math.min(LONGEST_EVENT_WAIT_S / 2, 2 ** retries);
  return shortest * (1 + random);
}
