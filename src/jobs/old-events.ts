import { cleanUpEvents } from '../events/retention.js';
import type { Job } from './job.js';
import { overTenants, tenantsOf } from './over-tenants.js';

/** Completed events that are no longer kept. */
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
