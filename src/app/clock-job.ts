import type { Database } from '../database/database.js';
import { sql } from '../database/sql.js';
import { LONGEST_DELIVERY_WAIT_S } from '../deliveries/backoff.js';
import { LONGEST_EVENT_WAIT_S } from '../events/worker/event-outcome.js';
import type { Job } from '../jobs/job.js';

/** Seconds from one run to the next; a clock that is set back by less is not noticed. */
const EVERY = 60;
const NAME = 'clock';
/** Seconds that a time may be beyond what it can be, since a transaction may have begun earlier than another. */
const SLACK = 60;
/** Seconds from which the clock counts as set back. */
const NOTICED = 1;
/** Number of rows of each queue changed in one transaction. */
const AT_A_TIME = 5_000;

const EVENT_LIMIT = sql`make_interval(secs => ${sql.lit(LONGEST_EVENT_WAIT_S + SLACK)})`;
const DELIVERY_LIMIT = sql`make_interval(secs => ${sql.lit(LONGEST_DELIVERY_WAIT_S + SLACK)})`;

/** Reads by how many seconds the end of the last run is ahead of the clock; negative where it is past, as usual. */
const SET_BACK = sql<{ back: number }>`
  SELECT extract(epoch FROM last_finished_at - now())::float8 AS back FROM public.job_run WHERE job = ${NAME}`;

const late = sql<{ done: number }>`
  SELECT (SELECT count(*) FROM public.event_queue WHERE due_at > now() + ${EVENT_LIMIT})::integer
    + (SELECT count(*) FROM public.delivery_queue WHERE due_at > now() + ${DELIVERY_LIMIT})::integer AS done`;

/**
 * The job that notices when the database's clock was set back, as by its synchronisation or by a failover to a server whose
 * clock is behind, and brings waiting work forward: it would wait by as much longer.
 */
export const clockJob: Job = {
  name: NAME,
  summary: 'bring waiting work forward when the clock of the database was set back',
  every: EVERY,
  async run({ database, dryRun }) {
    if (dryRun) {
      const [row] = await database.publicQuery(late);
      return { done: row?.done ?? 0, tenants: [], failures: [] };
    }
    const [last] = await database.publicQuery(SET_BACK);
    const back = last && last.back > NOTICED ? last.back : 0;
    let done = await freeAll(database, back > 0);
    if (back > 0) {
      const [moved] = await database.publicQuery(
        sql<{
          done: number;
        }>`SELECT public.bring_work_forward(make_interval(secs => ${back}::float8)) AS done`,
      );
      done += moved?.done ?? 0;
    }
    return { done, tenants: [], failures: [] };
  },
};

async function freeAll(database: Database, wasSetBack: boolean): Promise<number> {
  for (let done = 0; ; ) {
    const [row] = await database.publicQuery(sql<{ freed: number }>`
      SELECT public.free_future_work(${wasSetBack}, ${EVENT_LIMIT}, ${DELIVERY_LIMIT}, ${AT_A_TIME}) AS freed`);
    const freed = row?.freed ?? 0;
    done += freed;
    if (freed < AT_A_TIME) return done;
  }
}
