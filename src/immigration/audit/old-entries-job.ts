import { sql } from '../../database/sql.js';
import { tidyingJob } from '../../jobs/tidying-job.js';

/** The job that removes entries of the audit log that are older than the settings allow; those of the last year stay in any case. */
export const oldAuditEntriesJob = tidyingJob(
  {
    name: 'old-audit-entries',
    summary: 'remove entries of the audit log after AUDIT_RETENTION_DAYS, where that is set',
    every: 3_600,
  },
  ({ auditRetentionDays: days }) =>
    days === 0
      ? []
      : [(limit) => sql<{ done: number }>`SELECT audit_forget(${days}::integer, ${limit}::integer) AS done`],
);
