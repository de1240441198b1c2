import type { DatabaseHandle } from '../database/connections.js';
import { withOwner } from '../database/owner.js';
import { type Job, messageOf } from '../jobs/job.js';
import { TenantNotFoundError } from '../tenancy/new-tenant.js';
import { homeSurroundings } from './tenant-home.js';

/** Seconds from one look for deleted tenants to the next. */
const EVERY = 3_600;
/** Number of tenants removed in one run. */
const AT_A_TIME = 100;

const DUE = `
  SELECT schema_name AS schema FROM public.tenant_deletion
  WHERE purge_at <= coalesce($1::timestamptz, now()) AND ($2::varchar IS NULL OR schema_name = $2)
  ORDER BY purge_at LIMIT ${AT_A_TIME}`;

/** Returns the job that removes deleted tenants for good when their time is over; none without the owner's settings. */
export function deletedTenantsJob(mediaDirectory: string, handle: DatabaseHandle): readonly Job[] {
  const { owner } = handle;
  if (owner === null) return [];
  const job: Job = {
    name: 'deleted-tenants',
    summary: 'removes deleted tenants for good DELETED_TENANT_DAYS after they were deleted',
    every: EVERY,
    async run({ signal, moment, schema, dryRun }) {
      const { rows } = await withOwner(owner, (client) =>
        client.query<{ schema: string }>(DUE, [moment, schema]),
      );
      const { NotDueError, purgeTenant } = await import('./purge-tenant.js');
      const tenants: { schema: string; done: number }[] = [];
      const failures: { schema: string; error: string }[] = [];
      for (const due of rows) {
        if (signal.aborted) break;
        try {
          if (!dryRun)
            await purgeTenant({ ...homeSurroundings(handle), mediaDirectory }, due.schema, {
              signal,
              dueAt: moment,
            });
          tenants.push({ schema: due.schema, done: 1 });
        } catch (error) {
          // Brought back since, while another one was being removed.
          if (error instanceof NotDueError || error instanceof TenantNotFoundError) continue;
          failures.push({ schema: due.schema, error: messageOf(error) });
        }
      }
      return { done: tenants.length, tenants, failures };
    },
  };
  return [job];
}
