import { statement } from '../../database/statement.js';
import type { Job } from '../../jobs/job.js';

const ENDED = 'paused_until <= now()';

const COUNT = `
  SELECT (SELECT count(*) FROM public.event_pause WHERE ${ENDED} AND ($1::text IS NULL OR schema_name = $1))::integer
    + (SELECT count(*) FROM public.immigration_event_processing_control
       WHERE $1 IS NULL AND is_paused AND ${ENDED})::integer AS done`;

const END = `
  WITH ended AS (
    DELETE FROM public.event_pause WHERE ${ENDED} AND ($1::text IS NULL OR schema_name = $1) RETURNING id
  ), resumed AS (
    UPDATE public.immigration_event_processing_control SET is_paused = false, paused_until = NULL
    WHERE $1 IS NULL AND is_paused AND ${ENDED} RETURNING id
  )
  SELECT (SELECT count(*) FROM ended)::integer + (SELECT count(*) FROM resumed)::integer AS done`;

/** The job that removes ended pauses; workers resume without it. */
export const endedPausesJob: Job = {
  name: 'ended-pauses',
  summary: 'remove pauses of events whose end has come',
  every: 60,
  async run({ database, schema, dryRun }) {
    const [row] = await database.publicQuery(statement<{ done: number }>(dryRun ? COUNT : END, [schema]));
    return { done: row?.done ?? 0, tenants: [], failures: [] };
  },
};
