import type { Database } from '../database/database.js';
import { type Sql, sql } from '../database/sql.js';

/** Duration of a lease on a job, in seconds, after which a silent process has lost it. */
const LEASE_SECONDS = 30;
/** Interval at which leases are renewed, in milliseconds. */
export const RENEW_MS = 10_000;

/** The state of a job, over all processes. */
export interface JobState {
  readonly job: string;
  /** ISO 8601, UTC. */
  readonly nextAt: string;
  readonly running: boolean;
  readonly lastStartedAt: string | null;
  readonly lastFinishedAt: string | null;
  readonly lastDone: number | null;
  readonly lastError: string | null;
}

export interface RunOutcome {
  /** Seconds from the beginning of this run to the next. */
  readonly again: number;
  readonly done: number;
  readonly error: string | null;
}

const LEASE = sql`now() + make_interval(secs => ${sql.lit(LEASE_SECONDS)})`;

/**
 * The leases of jobs: rows of `public.job_run`. They keep processes from doing the same work side by side; that it is
 * done only once is ensured by the jobs' own statements.
 */
export class JobRuns {
  constructor(
    private readonly database: Database,
    /** This process. */
    private readonly runner: string,
  ) {}

  /** Adds jobs that are not known yet; they are due at once. */
  async add(jobs: readonly string[]): Promise<void> {
    await this.database.publicQuery(sql`
      INSERT INTO public.job_run (job) SELECT unnest(${jobs}::text[]) ON CONFLICT DO NOTHING`);
  }

  /**
   * Claims those of these jobs that are due and that nobody else runs. Where the clock was set back since, a job was begun
   * in the future, and then it is due; a lease that is longer than any is none.
   */
  async claim(jobs: readonly string[]): Promise<string[]> {
    const rows = await this.database.publicQuery(sql<{ job: string }>`
      UPDATE public.job_run SET runner = ${this.runner}, running_until = ${LEASE}, last_started_at = now()
      WHERE job = ANY (${jobs}::text[]) AND (next_at <= now() OR last_started_at > now() + interval '1 second')
        AND (running_until IS NULL OR running_until < now() OR running_until > ${LEASE} + interval '1 second')
      RETURNING job`);
    return rows.map(({ job }) => job);
  }

  /** Renews this process's lease on a job. */
  async renew(job: string): Promise<void> {
    await this.#update(job, sql`running_until = ${LEASE}`);
  }

  /** Ends a run of this process. @param outcome null when it was interrupted, and is still due */
  async finish(job: string, outcome: RunOutcome | null): Promise<void> {
    const ended = outcome
      ? sql`, last_finished_at = now(), last_done = ${outcome.done}, last_error = ${outcome.error},
          next_at = greatest(last_started_at + make_interval(secs => ${outcome.again}), now())`
      : sql``;
    await this.#update(job, sql`runner = NULL, running_until = NULL${ended}`);
  }

  /** Changes the row of a job that this process runs. */
  async #update(job: string, changes: Sql): Promise<void> {
    await this.database.publicQuery(sql`
      UPDATE public.job_run SET ${changes} WHERE runner = ${this.runner} AND job = ${job}`);
  }
}

/** Returns the states of all jobs that any process has ever begun. */
export async function jobStates(database: Database): Promise<JobState[]> {
  const utc = (column: Sql) => sql`to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`;
  return await database.publicQuery(sql<JobState>`
    SELECT job, ${utc(sql`next_at`)} AS "nextAt", coalesce(running_until > now(), false) AS running,
           ${utc(sql`last_started_at`)} AS "lastStartedAt", ${utc(sql`last_finished_at`)} AS "lastFinishedAt",
           last_done AS "lastDone", last_error AS "lastError"
    FROM public.job_run ORDER BY job`);
}
