import { CHANNELS, notice } from '../../database/channels.js';
import type { Database } from '../../database/database.js';
import { type Sql, sql } from '../../database/sql.js';
import type { State } from '../event.js';
import { lockTenant } from '../worker/event-queue.js';
import { type EventSelection, selected } from './selection.js';

/** An event as operators see it; columns as in the table. */
export interface ShownEvent {
  readonly id: number;
  readonly event_type: string;
  readonly entity_type: string;
  readonly entity_id: number;
  readonly tenant_schema: string;
  readonly status: string;
  readonly retry_count: number;
  readonly max_retries: number;
  readonly error_message: string | null;
  readonly created_at: string;
  readonly processed_at: string | null;
  /** The time of its next try; null when it is not queued. */
  readonly due_at: string | null;
}

/** An event with all details. */
export interface EventInFull extends ShownEvent {
  readonly action: string;
  readonly changed_fields: readonly string[];
  readonly previous_state: State;
  readonly current_state: State;
  readonly handler_results: State;
  readonly metadata: State;
  readonly performed_by_id: number | null;
  /** The id of the request that caused it, as in the answer, the log and the audit log. */
  readonly request_id: string | null;
}

const SHOWN = sql`e.id, e.event_type, e.entity_type, coalesce((e.metadata ->> 'entity_id')::bigint, e.entity_id) AS entity_id,
  current_schema()::text AS tenant_schema, e.status, e.retry_count, e.max_retries, e.error_message, e.created_at,
  e.processed_at`;
const IN_FULL = sql`${SHOWN}, e.action, e.changed_fields, e.previous_state, e.current_state, e.handler_results,
  e.metadata, e.performed_by_id, e.request_id`;

/** Returns events of a tenant, the newest first. @param most maximum number */
export async function listDomainEvents(
  database: Database,
  schema: string,
  selection: EventSelection,
  most: number,
): Promise<ShownEvent[]> {
  const query = sql<ShownEvent>`
    SELECT ${SHOWN} FROM immigration_event e WHERE ${selected(selection)} ORDER BY e.id DESC LIMIT ${most}`;
  const rows = await database.tenantQuery({ schema, userId: null }, query);
  return await withDueTimes(database, schema, rows);
}

/** Returns one event of a tenant; null when there is none with this id. */
export async function showEvent(database: Database, schema: string, id: number): Promise<EventInFull | null> {
  const query = sql<EventInFull>`SELECT ${IN_FULL} FROM immigration_event e WHERE e.id = ${id}`;
  const rows = await database.tenantQuery({ schema, userId: null }, query);
  const [event] = await withDueTimes(database, schema, rows);
  return event ?? null;
}

/** Adds due times. The tenant's role cannot read the queue, so they are read in a second statement. */
async function withDueTimes<Event extends ShownEvent>(
  database: Database,
  schema: string,
  events: readonly Event[],
): Promise<Event[]> {
  const due = await database.publicQueryAt(
    schema,
    sql<{
      event_id: number;
      due_at: string;
    }>`SELECT event_id, to_char(due_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS due_at
       FROM public.event_queue WHERE schema_name = ${schema} AND event_id = ANY (${events.map(({ id }) => id)}::bigint[])`,
  );
  const times = new Map(due.map(({ event_id, due_at }) => [event_id, due_at]));
  return events.map((event) => ({ ...event, due_at: times.get(event.id) ?? null }));
}

/** Maximum number of events changed in one transaction. */
const AT_ONCE = 1_000;

// Successful handlers stay in the results, so that they do not run again.
const retry = (selection: EventSelection) => sql<{ id: number }>`
  WITH chosen AS (
    SELECT e.id FROM immigration_event e WHERE ${selected(selection)} AND e.status = 'FAILED'
    ORDER BY e.id LIMIT ${AT_ONCE}
  ), changed AS (
    UPDATE immigration_event e SET status = 'PENDING', retry_count = 0, error_message = NULL, processed_at = NULL,
      updated_at = now()
    FROM chosen WHERE e.id = chosen.id
    RETURNING e.id, e.event_type, e.entity_type,
      coalesce((e.metadata ->> 'entity_id')::bigint, e.entity_id) AS record_id
  ), requeued AS MATERIALIZED (
    SELECT id, public.requeue_event(id, event_type, entity_type, record_id) FROM changed
  )
  SELECT id FROM requeued`;

/**
 * Puts failed events of a tenant back into the queue, with all their retries; handlers that succeeded do not run again.
 * @returns their ids
 */
export async function retryEvents(
  database: Database,
  schema: string,
  selection: EventSelection,
): Promise<number[]> {
  const done = await inPortions(database, schema, retry(selection));
  if (done.length > 0) await database.publicQueryAt(schema, notice(CHANNELS.events, ''));
  return done;
}

/** The error of a cancelled event. */
const CANCELLED = 'cancelled';

const cancel = (selection: EventSelection) => sql<{ id: number }>`
  WITH chosen AS (
    SELECT e.id FROM immigration_event e WHERE ${selected(selection)} AND e.status IN ('PENDING', 'PROCESSING')
    ORDER BY e.id LIMIT ${AT_ONCE}
  ), changed AS (
    UPDATE immigration_event e SET status = 'FAILED', error_message = ${CANCELLED}, processed_at = now(),
      updated_at = now()
    FROM chosen WHERE e.id = chosen.id RETURNING e.id
  ), finished AS (SELECT public.finish_events((SELECT array_agg(id) FROM changed)))
  SELECT id FROM changed, finished`;

/**
 * Takes waiting events of a tenant out of the queue; they become FAILED with the error "cancelled", without an alert,
 * and can be retried. Events that a worker has claimed are finished first.
 * @returns their ids
 */
export async function cancelEvents(
  database: Database,
  schema: string,
  selection: EventSelection,
): Promise<number[]> {
  return await inPortions(database, schema, cancel(selection));
}

/** Changes events while no worker has any of the tenant's claimed. */
async function inPortions(
  database: Database,
  schema: string,
  change: Sql<{ id: number }>,
): Promise<number[]> {
  const done: number[] = [];
  for (;;) {
    const changed = await database.tenantTransaction({ schema, userId: null }, (transaction) => {
      transaction.send(lockTenant(schema));
      return transaction.send(change);
    });
    done.push(...changed.map(({ id }) => id));
    if (changed.length < AT_ONCE) return done;
  }
}
