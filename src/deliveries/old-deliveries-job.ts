import { sql } from '../database/sql.js';
import { counted, type Removal, tidyingJob } from '../jobs/tidying-job.js';

/** Days for which ended deliveries are kept: sent or cancelled ones, and failed ones, which may still be sent again. */
const ENDED_KEPT_FOR_DAYS = 30;
const FAILED_KEPT_FOR_DAYS = 90;

/** Removes a tenant's deliveries that ended long ago, with the logs of their attempts. */
export const deleteOldDeliveries: Removal = (limit) =>
  counted(sql`
    DELETE FROM delivery WHERE id IN (
      SELECT id FROM delivery
      WHERE (status IN ('SENT', 'CANCELLED') AND created_at < now() - make_interval(days => ${ENDED_KEPT_FOR_DAYS}))
         OR (status IN ('FAILED', 'HELD') AND created_at < now() - make_interval(days => ${FAILED_KEPT_FOR_DAYS}))
      LIMIT ${limit} FOR UPDATE SKIP LOCKED)`);

/** The job that removes webhooks and e-mails that ended long ago. */
export const oldDeliveriesJob = tidyingJob(
  {
    name: 'old-deliveries',
    summary: 'remove deliveries that were sent or cancelled after 30 days, failed and held ones after 90',
    every: 3_600,
  },
  () => [deleteOldDeliveries],
);
