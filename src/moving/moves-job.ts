import type { ConnectionSettings } from '../config/config.js';
import { withOwner } from '../database/owner.js';
import { sql } from '../database/sql.js';
import { type Job, messageOf } from '../jobs/job.js';

/** Seconds from one run to the next. */
const EVERY = 60;

const END_HOLDS = sql<{ schema: string }>`SELECT public.end_tenant_holds() AS schema`;

/**
 * Returns the job that ends what cut-off moves have left: it opens tenants that were closed for a time that is over, and,
 * where it has the owner's settings, removes old copies whose time is over.
 * @param owner of the same database as the run's
 */
export function movesJob(owner: ConnectionSettings | null): Job {
  return {
    name: 'moves',
    summary:
      'opens tenants whose move was cut off while they were closed, and removes old copies of moved ones',
    every: EVERY,
    async run({ database, dryRun }) {
      const opened = dryRun ? [] : await database.publicQuery(END_HOLDS);
      const tenants = opened.map(({ schema }) => ({ schema, done: 1 }));
      if (owner === null || dryRun) return { done: tenants.length, tenants, failures: [] };
      const failures: { schema: string; error: string }[] = [];
      const { removeOldCopy, oldCopies } = await import('./old-copies.js');
      await withOwner(owner, async (client) => {
        for (const schema of await oldCopies(client)) {
          try {
            await removeOldCopy(client, schema);
            tenants.push({ schema, done: 1 });
          } catch (error) {
            failures.push({ schema, error: messageOf(error) });
          }
        }
      });
      return { done: tenants.length, tenants, failures };
    },
  };
}
