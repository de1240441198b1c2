import { randomUUID } from 'node:crypto';
import { BackgroundLoop } from '../background/loop.js';
import type { Database } from '../database/database.js';
import { type Job, type JobResult, type JobSettings, messageOf } from './job.js';
import { JobRuns, RENEW_MS } from './job-runs.js';

export interface SchedulerOptions {
  readonly database: Database;
  readonly settings: JobSettings;
  readonly jobs: readonly Job[];
  /** Called with each failure, in one line. */
  readonly onError: (message: string) => void;
}

/** Approximate polling interval, in milliseconds. */
const POLL_MS = 1_000;
/** Maximum delay before a failed job is retried, in seconds. */
const AFTER_FAILURE = 60;

/**
 * Runs the jobs when they are due. Any number of processes may have one: each job runs in one of them at a time, and if
 * that one dies, in another half a minute later.
 */
export class Scheduler {
  readonly #runs: JobRuns;
  readonly #running = new Set<string>();
  readonly #loop: BackgroundLoop;
  #areKnown = false;

  constructor(private readonly options: SchedulerOptions) {
    this.#runs = new JobRuns(options.database, randomUUID());
    this.#loop = new BackgroundLoop({
      step: () => this.#beginDue(),
      pollMs: POLL_MS,
      onError: (error) => options.onError(`the scheduler cannot read the jobs: ${messageOf(error)}`),
    });
  }

  /** Starts the scheduler; overdue jobs run at once. */
  start(): void {
    this.#loop.start();
  }

  /** Starts nothing more and ends running jobs after their present statement. @returns whether they ended in time */
  async stop(): Promise<boolean> {
    return await this.#loop.stop();
  }

  async #beginDue(): Promise<boolean> {
    const { jobs } = this.options;
    if (!this.#areKnown) await this.#runs.add(jobs.map(({ name }) => name));
    this.#areKnown = true;
    const free = jobs.filter(({ name }) => !this.#running.has(name));
    const claimed = await this.#runs.claim(free.map(({ name }) => name));
    for (const job of free.filter(({ name }) => claimed.includes(name))) {
      this.#running.add(job.name);
      this.#loop.begin(() => this.#run(job).finally(() => this.#running.delete(job.name)));
    }
    return false;
  }

  async #run(job: Job): Promise<void> {
    const { database, settings, onError } = this.options;
    const { signal } = this.#loop;
    const renewing = setInterval(() => void this.#runs.renew(job.name).catch(() => undefined), RENEW_MS);
    let result: JobResult | undefined;
    let error: string | null = null;
    try {
      const whole = { schema: null, everywhere: false, dryRun: false, moment: null };
      result = await job.run({ database, settings, signal, ...whole });
      error = failuresOf(result);
    } catch (thrown) {
      error = messageOf(thrown);
    } finally {
      clearInterval(renewing);
    }
    if (error) onError(`job ${job.name}: ${error}`);
    const again = result ? job.every : Math.min(job.every, AFTER_FAILURE);
    const outcome = { again, done: result?.done ?? 0, error };
    // If that fails too, another process takes the job when the lease ends.
    await this.#runs.finish(job.name, signal.aborted ? null : outcome).catch(() => undefined);
  }
}

/** Returns the failures at single tenants, in one line; null when there are none. */
function failuresOf({ failures }: JobResult): string | null {
  const [first] = failures;
  if (!first) return null;
  const others = failures.length > 1 ? ` (and at ${failures.length - 1} more)` : '';
  return `${first.schema}: ${first.error}${others}`;
}
