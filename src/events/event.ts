import type { JsonValue } from '../database/generated/tables.js';
import { sql } from '../database/sql.js';
import type { Action } from './types.js';

export type State = Readonly<Record<string, JsonValue>>;

/** One handler's part of an event's `handler_results`, in the contract's form. */
export interface HandlerResult {
  readonly handler_name: string;
  readonly status: 'SUCCESS' | 'FAILED' | 'SKIPPED';
  readonly message: string;
  readonly error: string | null;
  readonly data: State | null;
}

/** A row of `immigration_event`, as handlers receive it. */
export interface DomainEvent {
  readonly id: number;
  readonly event_type: string;
  readonly entity_type: string;
  /** The record's id, even where it does not fit into the table's `entity_id`. */
  readonly record_id: number;
  readonly action: Action;
  readonly previous_state: State;
  readonly current_state: State;
  readonly changed_fields: readonly string[];
  readonly status: string;
  readonly retry_count: number;
  readonly max_retries: number;
  readonly handler_results: Readonly<Record<string, HandlerResult>>;
  /** The latest reason why it has not succeeded; null when there is none yet. */
  readonly error_message: string | null;
  /** ISO 8601, UTC, as the database writes it, like `processed_at`, which is null while the event waits. */
  readonly created_at: string;
  readonly processed_at: string | null;
  readonly performed_by_id: number | null;
  /** The id of the request that caused it; null where none did. */
  readonly request_id: string | null;
}

/** The columns of DomainEvent, of a table named `e`. */
export const EVENT_COLUMNS = sql`e.id, e.event_type, e.entity_type,
  coalesce((e.metadata ->> 'entity_id')::bigint, e.entity_id) AS record_id, e.action, e.status, e.previous_state,
  e.current_state, e.changed_fields, e.retry_count, e.max_retries, e.handler_results, e.error_message, e.created_at,
  e.processed_at, e.performed_by_id, e.request_id`;

/** Returns a key for the record of an event. */
export function recordKey({ entity_type, record_id }: DomainEvent): string {
  return `${entity_type} ${record_id}`;
}

/** Returns the record as it is after the change or, when it was deleted, as it was before. */
export function stateOf(event: Pick<DomainEvent, 'action' | 'previous_state' | 'current_state'>): State {
  return event.action === 'DELETE' ? event.previous_state : event.current_state;
}

/** Returns a field's value in a state; null where it has none. */
export function valueIn(state: State, field: string): JsonValue {
  return state[field] ?? null;
}

/** Returns the id that a foreign key's field holds, or null. */
export function idIn(state: State, field: string): number | null {
  const value = state[field];
  return typeof value === 'number' ? value : null;
}
