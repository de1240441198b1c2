import { sql } from '../../database/sql.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { recordKey } from '../event.js';
import type { BatchLimits } from './batch-limits.js';
import { type HandledEvent, UNTOUCHED } from './event-outcome.js';
import { awaitAll, type EventJob, type EventJobResult, runEach, runTogether } from './run-handlers.js';

export interface JobsDone {
  readonly handled: HandledEvent[];
  /** Users with new notifications. */
  readonly notified: number[];
}

const SAVE = sql`SAVEPOINT batch`;
const UNDO = sql`ROLLBACK TO SAVEPOINT batch`;

/**
 * Handles events, those of one record in their order. Those without earlier trouble come first, all together, with many
 * statements on the wire at once; if anything fails, that is undone, and each is handled on its own. Those of the other
 * records follow one by one, so that they do not hold up the first.
 * @throws database errors, when the transaction is lost
 */
export async function runJobs(
  transaction: TenantTransaction,
  jobs: readonly EventJob[],
  limits: BatchLimits,
): Promise<JobsDone> {
  const isHindered = ({ event }: EventJob) => event.error_message !== null || event.retry_count > 0;
  const hinderedRecords = new Set(jobs.filter(isHindered).map(({ event }) => recordKey(event)));
  const fresh = jobs.filter(({ event }) => !hinderedRecords.has(recordKey(event)));
  const hindered = jobs.filter(({ event }) => hinderedRecords.has(recordKey(event)));

  bound(transaction, 'lock_timeout', limits.handlerLockWait);
  const together =
    fresh.length > 1 || fresh.some(savesRoundTrips) ? await allTogether(transaction, fresh, limits) : null;
  const first = together ?? (await oneByOne(transaction, fresh, limits));
  const then = await oneByOne(transaction, hindered, limits, { untilOneIsLocked: true });
  bound(transaction, 'lock_timeout', limits.lockWait);
  return { handled: [...first.handled, ...then.handled], notified: [...first.notified, ...then.notified] };
}

/** Returns whether an event's handlers take fewer round trips without savepoints, even when it is the only one. */
function savesRoundTrips({ bindings }: EventJob): boolean {
  return bindings.length > 1 && bindings.every(({ sendsAtOnce }) => sendsAtOnce);
}

/** Sets the statement timeout for the rest of the transaction, or until its savepoint is undone. Milliseconds. */
function bound(
  transaction: TenantTransaction,
  setting: 'lock_timeout' | 'statement_timeout',
  time: number,
): void {
  const set = sql`SELECT pg_catalog.set_config(${setting}, ${String(time)}, true)`;
  transaction.send(set);
}

/** Handles all events together; null when something failed, and nothing is written then. */
async function allTogether(
  transaction: TenantTransaction,
  jobs: readonly EventJob[],
  limits: BatchLimits,
): Promise<JobsDone | null> {
  const until = performance.now() + limits.together;
  transaction.send(SAVE);
  bound(transaction, 'statement_timeout', limits.together);
  const done = new Map<EventJob, EventJobResult>();
  try {
    for (const round of roundsOf(jobs)) {
      await awaitAll(
        groupsByType(round).map(async (group) => {
          const results = await runTogether(transaction, group, until);
          for (const [index, job] of group.entries()) done.set(job, results[index]!);
        }),
      );
    }
  } catch {
    await transaction.query(UNDO);
    return null;
  }
  bound(transaction, 'statement_timeout', limits.event);
  return collect(jobs, (job) => done.get(job)!);
}

/** Returns the first events of all records, then the second ones, and so on. */
function roundsOf(jobs: readonly EventJob[]): EventJob[][] {
  const rounds: EventJob[][] = [];
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

/** Groups events by type and handlers. */
function groupsByType(jobs: readonly EventJob[]): EventJob[][] {
  const groups = new Map<string, EventJob[]>();
  for (const job of jobs) {
    const key = [job.event.event_type, ...job.bindings.map((binding) => binding.key)].join(' ');
    const group = groups.get(key) ?? [];
    groups.set(key, group);
    group.push(job);
  }
  return [...groups.values()];
}

async function oneByOne(
  transaction: TenantTransaction,
  jobs: readonly EventJob[],
  limits: BatchLimits,
  { untilOneIsLocked = false } = {},
): Promise<JobsDone> {
  const begun = performance.now();
  const blocked = new Set<string>();
  const done = new Map<EventJob, EventJobResult>();
  let isOver = false;
  for (const job of jobs) {
    const record = recordKey(job.event);
    if (done.size > 0 && performance.now() - begun > limits.slowBatch) isOver = true;
    if (isOver || blocked.has(record)) {
      done.set(job, { outcome: UNTOUCHED, notified: [] });
      continue;
    }
    const result = await runEach(transaction, job, performance.now() + limits.event);
    done.set(job, result);
    if (result.outcome.kind === 'retried' || result.outcome.kind === 'waiting') blocked.add(record);
    if (result.outcome.kind === 'waiting' && untilOneIsLocked) isOver = true;
  }
  return collect(jobs, (job) => done.get(job)!);
}

function collect(jobs: readonly EventJob[], doneOf: (job: EventJob) => EventJobResult): JobsDone {
  const notified: number[] = [];
  const handled = jobs.map((job) => {
    const { outcome, notified: users } = doneOf(job);
    notified.push(...users);
    return { id: job.event.id, event: job.event, outcome };
  });
  return { handled, notified };
}
