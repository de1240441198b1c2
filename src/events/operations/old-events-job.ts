import { sql } from '../../database/sql.js';
import { counted, type Removal, tidyingJob } from '../../jobs/tidying-job.js';

/** Days for which completed events are kept. Failed and cancelled ones stay until somebody decides about them. */
const COMPLETED_KEPT_FOR_DAYS = 7;

/** Removes a tenant's events that were completed more than 7 days ago; by both times: the first has an index. */
export const deleteOldEvents: Removal = (limit) =>
  counted(sql`
    DELETE FROM immigration_event WHERE id IN (
      SELECT id FROM immigration_event
      WHERE status = 'COMPLETED' AND created_at < now() - make_interval(days => ${COMPLETED_KEPT_FOR_DAYS})
        AND coalesce(processed_at, created_at) < now() - make_interval(days => ${COMPLETED_KEPT_FOR_DAYS})
      LIMIT ${limit} FOR UPDATE SKIP LOCKED)`);

/** The job that removes completed events at the end of their retention. */
export const oldEventsJob = tidyingJob(
  { name: 'old-events', summary: 'remove completed events after 7 days', every: 3_600 },
  () => [deleteOldEvents],
);
