import { inBatches } from '../../database/in-batches.js';
import { statement } from '../../database/statement.js';
import type { Job } from '../../jobs/job.js';
import { overTenants, tenantsOf } from '../../jobs/over-tenants.js';

/** Entries of the audit log that are older than the settings want them; what is not a year old stays whatever they say. */
export const oldAuditEntriesJob: Job = {
  name: 'old-audit-entries',
  summary: 'remove entries of the audit log after AUDIT_RETENTION_DAYS, where that is set',
  every: 3_600,
  async run(run) {
    const { auditRetentionDays: days } = run.settings;
    if (days === 0) return { done: 0, tenants: [], failures: [] };
    return await overTenants(await tenantsOf(run), run.signal, ({ schema }) =>
      inBatches(run.database, schema, run, async (transaction, limit) => {
        const forget = statement<{ done: number }>('SELECT audit_forget($1, $2) AS done', [days, limit]);
        const [row] = await transaction.query(forget);
        return row?.done ?? 0;
      }),
    );
  },
};
