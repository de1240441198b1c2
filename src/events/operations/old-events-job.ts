import type { Job } from '../../jobs/job.js';
import { overTenants, tenantsOf } from '../../jobs/over-tenants.js';
import { cleanUpEvents } from './retention.js';

/** The job that removes completed events at the end of their retention. */
export const oldEventsJob: Job = {
  name: 'old-events',
  summary: 'remove completed events after 7 days',
  every: 3_600,
  async run(run) {
    return await overTenants(await tenantsOf(run), run.signal, ({ schema }) =>
      cleanUpEvents(run.database, schema, run),
    );
  },
};
