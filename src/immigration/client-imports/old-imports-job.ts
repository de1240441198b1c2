import { sql } from '../../database/sql.js';
import type { Job, JobRun } from '../../jobs/job.js';
import { overTenants, tenantsOf } from '../../jobs/over-tenants.js';
import { counted } from '../../jobs/tidying-job.js';

/** Days for which an import is kept after its last use: its file is full of personal data. */
const IMPORTS_KEPT_FOR_DAYS = 90;

const OLD = sql`status NOT IN ('CHECKING', 'RUNNING', 'UNDOING') AND updated_at < now() - make_interval(days => ${IMPORTS_KEPT_FOR_DAYS})`;
const COUNT = sql<{ done: number }>`SELECT count(*)::integer AS done FROM client_import WHERE ${OLD}`;
// One import takes up to 100,000 rows with it.
const DELETE_ONE = counted(sql`
    DELETE FROM client_import WHERE id = (
      SELECT id FROM client_import WHERE ${OLD} ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)`);

/** The job that removes imports of clients that have not been used for long. */
export const oldClientImportsJob: Job = {
  name: 'old-client-imports',
  summary: 'remove imports of clients after 90 days; the clients stay',
  every: 3_600,
  async run(run) {
    return await overTenants(await tenantsOf(run), run.signal, ({ schema }) => removeOld(run, schema));
  },
};

async function removeOld({ database, dryRun, signal }: JobRun, schema: string): Promise<number> {
  for (let done = 0; ; ) {
    const [row] = await database.tenantQuery({ schema, userId: null }, dryRun ? COUNT : DELETE_ONE);
    done += row?.done ?? 0;
    if (dryRun || !row?.done || signal.aborted) return done;
  }
}
