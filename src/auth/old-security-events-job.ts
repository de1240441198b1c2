import { sql } from '../database/sql.js';
import { tidyingJob } from '../jobs/tidying-job.js';

/** The job that removes events of the security log that are older than the settings allow. */
export const oldSecurityEventsJob = tidyingJob(
  {
    name: 'old-security-events',
    summary: 'remove events of the security log after SECURITY_RETENTION_DAYS',
    every: 3_600,
  },
  ({ securityLog: { retentionDays: days } }) =>
    days === 0
      ? []
      : [
          (limit) =>
            sql<{ done: number }>`SELECT security_forget(${days}::integer, ${limit}::integer) AS done`,
        ],
);
