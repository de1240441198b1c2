import type { Job } from '../jobs/job.js';
import { overTenants, tenantsOf } from '../jobs/over-tenants.js';
import { cleanUpDeliveries } from './retention.js';

/** The job that removes webhooks and e-mails that ended long ago. */
export const oldDeliveriesJob: Job = {
  name: 'old-deliveries',
  summary: 'remove deliveries that were sent or cancelled after 30 days, failed and held ones after 90',
  every: 3_600,
  async run(run) {
    return await overTenants(await tenantsOf(run), run.signal, ({ schema }) =>
      cleanUpDeliveries(run.database, schema, run),
    );
  },
};
