import type { Database } from '../../database/database.js';
import { TENANT_IS_SERVED } from '../../database/served-tenants.js';
import { type Sql, sql } from '../../database/sql.js';
import { PAUSE_IS_ON } from '../pauses.js';

/** The tenants with work that is not paused. */
export interface ReadyTenants {
  /** Schemas of tenants with due events, ordered by name; empty while everything is paused. */
  readonly tenants: readonly string[];
  readonly pausedHandlers: readonly string[];
}

const ALL_PAUSED = sql<boolean>`
  EXISTS (
  SELECT FROM public.immigration_event_processing_control WHERE is_paused AND ${PAUSE_IS_ON})`;

const PAUSED_HANDLERS = sql<string[]>`coalesce((
  SELECT array_agg(handler) FROM public.event_pause WHERE handler IS NOT NULL AND ${PAUSE_IS_ON}), '{}')::text[]`;

const isServed = (schema: Sql) => sql<boolean>`
  EXISTS (
    SELECT FROM public.tenants_tenant t WHERE t.schema_name = ${schema} AND ${TENANT_IS_SERVED}
  ) AND NOT EXISTS (
    SELECT FROM public.event_pause p WHERE p.schema_name = ${schema} AND ${PAUSE_IS_ON})`;

/** Returns SQL for whether the work on a tenant's events, and work that makes many of them, may go on. */
export const mayWorkAt = (schema: Sql) => sql<boolean>`(NOT ${ALL_PAUSED} AND ${isServed(schema)})`;

const READ = sql<ReadyTenants>`
  SELECT ${PAUSED_HANDLERS} AS "pausedHandlers",
    CASE WHEN ${ALL_PAUSED} THEN '{}' ELSE ARRAY(
      SELECT w.schema_name FROM public.tenants_with_due_events() AS w (schema_name)
      WHERE ${isServed(sql`w.schema_name`)} ORDER BY 1
    ) END AS tenants`;

/** Whether the tenant may be served, in a transaction that `leavingPauses` runs ahead of. */
export const MAY_WORK_HERE = sql<boolean>`(pg_catalog.current_setting('leopard.may_work', true) = 'yes')`;

/** The paused handlers, in the same. */
export const PAUSED_HANDLERS_HERE = sql<string[]>`
  pg_catalog.current_setting('leopard.paused_handlers', true)::text[]`;

/**
 * Returns the statement that leaves the pauses in effect to those that follow it, for a claim, which is worth no wait for
 * the disk: one that is lost with the server is made again.
 */
export const leavingPauses = (schema: string) => sql`
  SELECT pg_catalog.set_config('leopard.may_work', CASE WHEN ${mayWorkAt(sql`${schema}::text`)} THEN 'yes' ELSE 'no' END, true),
    pg_catalog.set_config('leopard.paused_handlers', ${PAUSED_HANDLERS}::text, true),
    pg_catalog.set_config('synchronous_commit', 'off', true)`;

/** Reads which tenants have work, and which handlers are paused. */
export async function readReadyTenants(database: Database): Promise<ReadyTenants> {
  const [ready] = await database.publicQuery(READ);
  return ready as ReadyTenants;
}

/** Reads whether a tenant may be served now, and which handlers are paused: readReadyTenants for one tenant. */
export async function readPauses(
  database: Database,
  schema: string,
): Promise<{ readonly served: boolean; readonly pausedHandlers: readonly string[] }> {
  const [pauses] = await database.publicQuery(sql<{ served: boolean; pausedHandlers: string[] }>`
    SELECT ${mayWorkAt(sql`${schema}::text`)} AS served, ${PAUSED_HANDLERS} AS "pausedHandlers"`);
  return pauses as { served: boolean; pausedHandlers: string[] };
}
