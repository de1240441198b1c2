import type { Database } from '../database/database.js';
import { type BatchOptions, inBatches } from '../database/in-batches.js';
import { type Sql, sql } from '../database/sql.js';
import type { Statement } from '../database/statement.js';
import type { Job, JobSettings } from './job.js';
import { overTenants, tenantsOf } from './over-tenants.js';

/**
 * Returns a statement that removes old rows of a tenant and yields their number.
 * @param limit the maximum number of rows; null: any number
 */
export type Removal = (limit: number | null) => Statement<{ readonly done: number }>;

/** Returns the statement that carries out a DELETE and yields the number of its rows. @param deletion without RETURNING */
export function counted(deletion: Sql): Statement<{ readonly done: number }> {
  return sql`WITH gone AS (${deletion} RETURNING 1) SELECT count(*)::integer AS done FROM gone`;
}

/** Returns a job that removes old rows at every tenant. */
export function tidyingJob(
  job: Pick<Job, 'name' | 'summary' | 'every'>,
  removals: (settings: JobSettings) => readonly Removal[],
): Job {
  return {
    ...job,
    async run(run) {
      const all = removals(run.settings);
      const tenants = all.length > 0 ? await tenantsOf(run) : [];
      return await overTenants(tenants, run.signal, async ({ schema }) => {
        let done = 0;
        for (const removal of all) done += await removeRows(run.database, schema, removal, run);
        return done;
      });
    },
  };
}

/** Removes a tenant's old rows in batches of 1000. @returns their number */
export async function removeRows(
  database: Database,
  schema: string,
  removal: Removal,
  options: BatchOptions = {},
): Promise<number> {
  return await inBatches(database, schema, options, async (transaction, limit) => {
    const [row] = await transaction.query(removal(limit));
    return row?.done ?? 0;
  });
}
