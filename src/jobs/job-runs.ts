import type { Database } from '../database/database.js';
import { statement } from '../database/statement.js';

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

const LEASE = `now() + make_interval(secs => ${LEASE_SECONDS})`;

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
    await this.#run('INSERT INTO public.job_run (job) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING', [
      jobs,
    ]);
  }

  /** Claims those of these jobs that are due and that nobody else runs. */
  async claim(jobs: readonly string[]): Promise<string[]> {
    const rows = await this.database.publicQuery(
      statement<{ job: string }>(
        `UPDATE public.job_run SET runner = $1, running_until = ${LEASE}, last_started_at = now()
         WHERE job = ANY ($2) AND next_at <= now() AND (running_until IS NULL OR running_until < now())
         RETURNING job`,
        [this.runner, jobs],
      ),
    );
    return rows.map(({ job }) => job);
  }

  /** Renews this process's lease on a job. */
  async renew(job: string): Promise<void> {
    await this.#run(`UPDATE public.job_run SET running_until = ${LEASE} WHERE runner = $1 AND job = $2`, [
      this.runner,
      job,
    ]);
  }

  /** Ends a run of this process. @param outcome null when it was interrupted, and is still due */
  async finish(job: string, outcome: RunOutcome | null): Promise<void> {
    if (!outcome) {
      const release =
        'UPDATE public.job_run SET runner = NULL, running_until = NULL WHERE runner = $1 AND job = $2';
      return await this.#run(release, [this.runner, job]);
    }
    await this.#run(
      `UPDATE public.job_run
       SET runner = NULL, running_until = NULL, last_finished_at = now(), last_done = $3, last_error = $4,
           next_at = greatest(last_started_at + make_interval(secs => $5), now())
       WHERE runner = $1 AND job = $2`,
      [this.runner, job, outcome.done, outcome.error, outcome.again],
    );
  }

  async #run(sql: string, parameters: readonly unknown[]): Promise<void> {
    await this.database.publicQuery(statement(sql, parameters));
  }
}

/** Returns the states of all jobs that any process has ever begun. */
export async function jobStates(database: Database): Promise<JobState[]> {
  const utc = (column: string) => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`;
  return await database.publicQuery(
    statement<JobState>(
      `SELECT job, ${utc('next_at')} AS "nextAt", coalesce(running_until > now(), false) AS running,
              ${utc('last_started_at')} AS "lastStartedAt", ${utc('last_finished_at')} AS "lastFinishedAt",
              last_done AS "lastDone", last_error AS "lastError"
       FROM public.job_run ORDER BY job`,
    ),
  );
}
