import { sql } from '../../database/sql.js';
import type { Job } from '../../jobs/job.js';

const ENDED = sql`paused_until <= now()`;

/** Returns the conditions of the pauses to remove: of a tenant, or with null of all and of everything. */
const ended = (schema: string | null) => ({
  pauses: schema === null ? ENDED : sql`${ENDED} AND schema_name = ${schema}`,
  everything: schema === null ? sql`is_paused AND ${ENDED}` : sql`false`,
});

const count = (schema: string | null) => sql<{ done: number }>`
  SELECT (SELECT count(*) FROM public.event_pause WHERE ${ended(schema).pauses})::integer
    + (SELECT count(*) FROM public.immigration_event_processing_control
       WHERE ${ended(schema).everything})::integer AS done`;

const remove = (schema: string | null) => sql<{ done: number }>`
  WITH ended AS (
    DELETE FROM public.event_pause WHERE ${ended(schema).pauses} RETURNING id
  ), resumed AS (
    UPDATE public.immigration_event_processing_control SET is_paused = false, paused_until = NULL
    WHERE ${ended(schema).everything} RETURNING id
  )
  SELECT (SELECT count(*) FROM ended)::integer + (SELECT count(*) FROM resumed)::integer AS done`;

/** The job that removes ended pauses; workers resume without it. */
export const endedPausesJob: Job = {
  name: 'ended-pauses',
  summary: 'remove pauses of events whose end has come',
  every: 60,
  async run({ database, schema, dryRun }) {
    const [row] = await database.publicQuery((dryRun ? count : remove)(schema));
    return { done: row?.done ?? 0, tenants: [], failures: [] };
  },
};
