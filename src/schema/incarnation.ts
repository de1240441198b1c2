import type { OwnerClient } from '../database/owner.js';

/**
 * Stores the schema, by its OID, to which a tenant's rows in `public` belong. Of a new one it also notes, as noteOperation
 * does, that its users read from the primary for some minutes: a replica may still have another tenant's schema of that name.
 * @returns whether they belonged to another schema before, which has been dropped and restored since
 */
export async function noteIncarnation(client: OwnerClient, schema: string): Promise<boolean> {
  const { rowCount } = await client.query(
    `WITH fresh AS (
       INSERT INTO public.tenant_incarnation AS known (schema_name, namespace)
       SELECT nspname, oid::bigint FROM pg_namespace WHERE nspname = $1
       ON CONFLICT (schema_name) DO UPDATE SET namespace = excluded.namespace, noted_at = now()
         WHERE known.namespace <> excluded.namespace
       RETURNING schema_name
     ), noted AS (
       INSERT INTO public.write_position (writer, position, written_at)
       SELECT schema_name, 'FFFFFFFF/FFFFFFFF', clock_timestamp() FROM fresh
       ON CONFLICT (writer) DO UPDATE SET position = excluded.position, written_at = excluded.written_at
     )
     SELECT FROM fresh`,
    [schema],
  );
  return rowCount !== 0;
}

// Brings the queues in line with the tenant's own tables. Rows that both have stay unchanged.
const SETTLE = [
  `DELETE FROM public.event_queue q WHERE q.schema_name = $1 AND NOT EXISTS (
     SELECT FROM immigration_event e WHERE e.id = q.event_id AND e.status IN ('PENDING', 'PROCESSING'))`,
  `INSERT INTO public.event_queue (schema_name, event_id, event_type, entity_type, entity_id)
   SELECT $1, id, event_type, entity_type, coalesce((metadata ->> 'entity_id')::bigint, entity_id)
   FROM immigration_event WHERE status IN ('PENDING', 'PROCESSING')
   ON CONFLICT (schema_name, event_id) DO NOTHING`,
  `DELETE FROM public.delivery_queue q WHERE q.schema_name = $1 AND NOT EXISTS (
     SELECT FROM delivery d WHERE d.id = q.delivery_id AND d.status = 'PENDING')`,
  `INSERT INTO public.delivery_queue (schema_name, delivery_id, destination, due_at)
   SELECT $1, id, destination, next_attempt_at FROM delivery WHERE status = 'PENDING'
   ON CONFLICT (schema_name, delivery_id) DO UPDATE SET due_at = excluded.due_at, destination = excluded.destination`,
  `DELETE FROM public.client_import_queue q WHERE q.schema_name = $1 AND NOT EXISTS (
     SELECT FROM client_import i WHERE i.id = q.import_id AND i.status IN ('CHECKING', 'RUNNING', 'UNDOING'))`,
  `INSERT INTO public.client_import_queue (schema_name, import_id, due_at)
   SELECT $1, id, due_at FROM client_import WHERE status IN ('CHECKING', 'RUNNING', 'UNDOING')
   ON CONFLICT (schema_name, import_id) DO NOTHING`,
  'DELETE FROM public.job_tenant WHERE schema_name = $1',
  'DELETE FROM public.job_change WHERE schema_name = $1',
];

/**
 * Brings a tenant's rows in the queues of `public` in line with its own tables: removes rows that those do not have,
 * queues pending work that is in no queue, and has due dates recomputed. Runs in the caller's transaction, whose
 * search_path must be the tenant's schema.
 */
export async function settleQueues(client: OwnerClient, schema: string): Promise<void> {
  for (const sql of SETTLE) await client.query(sql, [schema]);
}
