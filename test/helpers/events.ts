import type { OwnerClient } from '../../src/database/owner.js';

/** A row of `immigration_event` for tests. */
export interface CapturedEvent {
  readonly id: number;
  readonly event_type: string;
  readonly entity_type: string;
  readonly entity_id: number;
  readonly tenant_schema: string;
  readonly action: string;
  readonly previous_state: Record<string, unknown>;
  readonly current_state: Record<string, unknown>;
  readonly changed_fields: string[];
  readonly status: string;
  readonly retry_count: number;
  readonly max_retries: number;
  readonly metadata: Record<string, unknown>;
  readonly performed_by_id: number | null;
  /** The id of its record in the queue; null when the event is not queued. */
  readonly queued_as: number | null;
}

/** Returns a tenant's events by id, each with its place in the queue. */
export async function eventsOf(client: OwnerClient, schema = 'tenant_main'): Promise<CapturedEvent[]> {
  const { rows } = await client.query<CapturedEvent>(
    `SELECT e.id::integer, e.event_type, e.entity_type, e.entity_id, e.tenant_schema, e.action, e.previous_state,
       e.current_state, e.changed_fields, e.status, e.retry_count, e.max_retries, e.metadata,
       e.performed_by_id::integer,
       (SELECT q.entity_id::float8 FROM public.event_queue q
        WHERE q.schema_name = $1 AND q.event_id = e.id AND q.event_type = e.event_type
          AND q.entity_type = e.entity_type) AS queued_as
     FROM ${schema}.immigration_event e ORDER BY e.id`,
    [schema],
  );
  return rows;
}

/** Removes all events of a tenant, so that the next ones stand alone. */
export async function dropEvents(client: OwnerClient, schema = 'tenant_main'): Promise<void> {
  await client.query(`DELETE FROM ${schema}.immigration_event`);
  await client.query('DELETE FROM public.event_queue WHERE schema_name = $1', [schema]);
}
