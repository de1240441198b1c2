import { statement } from '../database/statement.js';
import type { TenantTransaction } from '../database/tenant-transaction.js';
import { recordKey } from './event.js';
import type { Limits } from './limits.js';
import { type HandledEvent, LEFT } from './outcome.js';
import { type Job, type JobDone, runEach, runTogether } from './run-handlers.js';

export interface JobsDone {
  readonly handled: HandledEvent[];
  /** Users with new notifications. */
  readonly notified: number[];
}

const SAVE = statement('SAVEPOINT batch');
const UNDO = statement('ROLLBACK TO SAVEPOINT batch');

const ignore = () => undefined;

/**
 * Handles events, those of one record in their order. First all together, with statements on the wire for many of
 * them at once; when anything fails, that is undone, and each is handled for itself.
 * @throws database errors, when the transaction is lost
 */
export async function runJobs(
  transaction: TenantTransaction,
  jobs: readonly Job[],
  limits: Limits,
): Promise<JobsDone> {
  const isWorthTrying = jobs.length > 1 && jobs.every(({ event }) => event.retry_count === 0);
  const done = isWorthTrying ? await allTogether(transaction, jobs, limits) : null;
  return done ?? (await oneByOne(transaction, jobs, limits));
}

/** Null when something failed; nothing is written then. */
async function allTogether(
  transaction: TenantTransaction,
  jobs: readonly Job[],
  limits: Limits,
): Promise<JobsDone | null> {
  const until = performance.now() + limits.together;
  const saved = transaction.query(SAVE);
  saved.catch(ignore); // waited for below
  const done = new Map<Job, JobDone>();
  try {
    for (const round of roundsOf(jobs)) {
      await allSettled(
        groupsByType(round).map(async (group) => {
          const results = await runTogether(transaction, group, until);
          for (const [index, job] of group.entries()) done.set(job, results[index]!);
        }),
      );
    }
    await saved;
  } catch {
    await transaction.query(UNDO);
    return null;
  }
  return collect(jobs, (job) => done.get(job)!);
}

/** The first events of all records, then the second ones, and so on. */
function roundsOf(jobs: readonly Job[]): Job[][] {
  const rounds: Job[][] = [];
  const counts = new Map<string, number>();
  for (const job of jobs) {
    const key = recordKey(job.event);
    const round = counts.get(key) ?? 0;
    counts.set(key, round + 1);
    rounds[round] ??= [];
    rounds[round].push(job);
  }
  return rounds;
}

/** Events of one type, with the same handlers. */
function groupsByType(jobs: readonly Job[]): Job[][] {
  const groups = new Map<string, Job[]>();
  for (const job of jobs) {
    const key = [job.event.event_type, ...job.handlings.map((handling) => handling.key)].join(' ');
    const group = groups.get(key) ?? [];
    groups.set(key, group);
    group.push(job);
  }
  return [...groups.values()];
}

/** Waits for the end of all. @throws the error of the first that failed */
async function allSettled(work: readonly Promise<void>[]): Promise<void> {
  await Promise.allSettled(work);
  await Promise.all(work);
}

async function oneByOne(
  transaction: TenantTransaction,
  jobs: readonly Job[],
  limits: Limits,
): Promise<JobsDone> {
  const begun = performance.now();
  const blocked = new Set<string>();
  const done = new Map<Job, JobDone>();
  for (const job of jobs) {
    const record = recordKey(job.event);
    const isLate = done.size > 0 && performance.now() - begun > limits.slowBatch;
    if (isLate || blocked.has(record)) {
      done.set(job, { outcome: LEFT, notified: [] });
      continue;
    }
    const result = await runEach(transaction, job, performance.now() + limits.event);
    done.set(job, result);
    if (result.outcome.kind === 'retried' || result.outcome.kind === 'waiting') blocked.add(record);
  }
  return collect(jobs, (job) => done.get(job)!);
}

function collect(jobs: readonly Job[], doneOf: (job: Job) => JobDone): JobsDone {
  const notified: number[] = [];
  const handled = jobs.map((job) => {
    const { outcome, notified: users } = doneOf(job);
    notified.push(...users);
    return { id: job.event.id, event: job.event, outcome };
  });
  return { handled, notified };
}
