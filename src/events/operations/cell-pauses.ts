import type { Database } from '../../database/database.js';
import { writeJson } from '../../database/json.js';
import { sql } from '../../database/sql.js';

/** The switch for all events and the pauses of handlers, as the catalogue has them. */
interface SharedPauses {
  readonly isPaused: boolean;
  readonly reason: string | null;
  readonly until: string | null;
  readonly handlers: readonly object[];
}

const READ = sql<SharedPauses>`
  SELECT is_paused AS "isPaused", pause_reason AS reason, paused_until::text AS until,
    (SELECT coalesce(json_agg(json_build_object('handler', p.handler, 'reason', p.reason,
       'paused_at', p.paused_at, 'paused_until', p.paused_until)), '[]')
     FROM public.event_pause p WHERE p.schema_name IS NULL) AS handlers
  FROM public.immigration_event_processing_control`;

/**
 * Brings the switch for all events, and the pauses of handlers, of a further cell to what the catalogue says: pauses of
 * single tenants are in their own cell only.
 * @throws the driver's errors
 */
export async function copyPauses(catalogue: Database, cell: Database): Promise<void> {
  const [shared] = await catalogue.publicQuery(READ);
  if (!shared) return; // somebody removed the row, by force
  const { isPaused, reason, until, handlers } = shared;
  await cell.publicStatements([
    sql`
      UPDATE public.immigration_event_processing_control
      SET is_paused = ${isPaused}, pause_reason = ${reason}, paused_until = ${until}::timestamptz
      WHERE (is_paused, pause_reason, paused_until) IS DISTINCT FROM (${isPaused}::boolean, ${reason}::text, ${until}::timestamptz)`,
    sql`
      DELETE FROM public.event_pause
      WHERE schema_name IS NULL AND handler NOT IN (
        SELECT h.handler FROM jsonb_to_recordset(${writeJson(handlers)}::jsonb) AS h (handler text))`,
    sql`
      INSERT INTO public.event_pause (handler, reason, paused_at, paused_until)
      SELECT h.handler, h.reason, h.paused_at, h.paused_until
      FROM jsonb_to_recordset(${writeJson(handlers)}::jsonb)
        AS h (handler text, reason text, paused_at timestamptz, paused_until timestamptz)
      ON CONFLICT (schema_name, handler) DO UPDATE SET reason = excluded.reason, paused_until = excluded.paused_until
      WHERE (event_pause.reason, event_pause.paused_until) IS DISTINCT FROM (excluded.reason, excluded.paused_until)`,
  ]);
}
