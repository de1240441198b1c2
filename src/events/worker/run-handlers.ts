import { databaseFailure } from '../../database/errors.js';
import { sql } from '../../database/sql.js';
import type { Statement } from '../../database/statement.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { spans } from '../../platform/spans.js';
import type { DomainEvent, HandlerResult } from '../event.js';
import { meets } from '../handlers/conditions.js';
import type { EventContext } from '../handlers/event-context.js';
import type { HandlerOutcome, HandlerTransaction } from '../handlers/handler.js';
import { type EventOutcome, errorText, failure } from './event-outcome.js';
import { noteHandlerRun } from './event-spans.js';
import { type HandlerBinding, isDone } from './handler-bindings.js';

/** An event with everything needed to handle it. */
export interface EventJob {
  readonly event: DomainEvent;
  readonly context: EventContext;
  readonly bindings: readonly HandlerBinding[];
}

/** The outcome of handling an event, and the users to notify. */
export interface EventJobResult {
  readonly outcome: EventOutcome;
  readonly notified: readonly number[];
}

/**
 * Bounds of the wait of an event whose records are locked by somebody else, in seconds; it waits for a tenth of its
 * age.
 */
const LOCKED_SECONDS = { least: 2, most: 30 };

/**
 * Handles events of one type and of different records without savepoints: the first failure is thrown and makes the
 * transaction useless. Handlers run one after the other, each for all events; of those that send all they have at once,
 * the statements share a round trip.
 * @param until deadline, on the clock of performance.now()
 * @throws what a handler or one of its statements throws
 */
export async function runTogether(
  transaction: TenantTransaction,
  jobs: readonly EventJob[],
  until: number,
): Promise<EventJobResult[]> {
  const results = jobs.map((): Record<string, HandlerResult> => ({}));
  const notified = jobs.map((): number[] => []);
  let underWay: Promise<void>[] = [];
  for (const binding of jobs[0]?.bindings ?? []) {
    const places: number[] = [];
    for (const [place, job] of jobs.entries()) {
      const result = resultWithoutRunning(job, binding);
      if (result === null) places.push(place);
      else if (result !== 'done') results[place]![binding.key] = result;
    }
    if (places.length === 0) continue;
    const works = places.map((place) => jobs[place]!);
    const events = works.map(({ event }) => event);
    const run = async () => {
      const outcomes = await observed(binding, events, () =>
        call(transaction, until, (limited) => binding.handleMany(works, limited)),
      );
      for (const [index, place] of places.entries()) {
        const outcome = outcomes[index]!;
        results[place]![binding.key] = resultOf(binding, outcome);
        notified[place]!.push(...(outcome.notified ?? []));
      }
    };
    underWay.push(run());
    if (binding.sendsAtOnce) continue;
    await awaitAll(underWay);
    underWay = [];
  }
  await awaitAll(underWay);
  return jobs.map((_job, place) => ({
    outcome: { kind: 'completed', results: results[place]! },
    notified: notified[place]!,
  }));
}

/** Waits until all have settled. @throws the error of the first that failed */
export async function awaitAll(work: readonly Promise<void>[]): Promise<void> {
  await Promise.allSettled(work);
  await Promise.all(work);
}

const SAVE = sql`SAVEPOINT handler`;
const KEEP = sql`RELEASE SAVEPOINT handler`;
const UNDO = sql`ROLLBACK TO SAVEPOINT handler`;

/**
 * Handles an event with each handler in a savepoint: the writes of a failing one are undone, those of the others stay,
 * and so does the transaction.
 * @param until deadline, on the clock of performance.now()
 * @throws database errors, when the transaction is lost
 */
export async function runEach(
  transaction: TenantTransaction,
  job: EventJob,
  until: number,
): Promise<EventJobResult> {
  const results: Record<string, HandlerResult> = {};
  const notified: number[] = [];
  const errors: string[] = [];
  for (const binding of job.bindings) {
    const result = resultWithoutRunning(job, binding);
    if (result === 'done') continue;
    if (result) {
      results[binding.key] = result;
      continue;
    }
    transaction.send(SAVE);
    try {
      const outcome = await observed(binding, [job.event], () =>
        call(transaction, until, (limited) => binding.handle(job, limited)),
      );
      transaction.send(KEEP);
      results[binding.key] = resultOf(binding, outcome);
      notified.push(...(outcome.notified ?? []));
    } catch (error) {
      await transaction.query(UNDO);
      const reason = errorText(error);
      if (isLockedOut(error)) {
        const outcome = { kind: 'waiting', results, seconds: lockedWait(job.event), reason } as const;
        return { outcome, notified };
      }
      results[binding.key] = {
        ...resultFrame(binding),
        status: 'FAILED',
        message: 'failed',
        error: reason,
      };
      errors.push(`${binding.key}: ${reason}`);
    }
  }
  const outcome: EventOutcome =
    errors.length > 0 ? failure(job.event, results, errors.join('; ')) : { kind: 'completed', results };
  return { outcome, notified };
}

/** Returns the result of a handler that need not run; 'done' when it ran before; null when it has to run. */
function resultWithoutRunning(
  { event, context }: EventJob,
  binding: HandlerBinding,
): HandlerResult | 'done' | null {
  if (isDone(event.handler_results[binding.key])) return 'done';
  if (!binding.condition || meets(binding.condition, event, context.clientId)) return null;
  return {
    ...resultFrame(binding),
    status: 'SKIPPED',
    message: `condition not met: ${binding.condition.kind}`,
  };
}

/**
 * Calls a handler with a time limit.
 * @throws Error when it takes too long; further statements of the handler fail then
 */
async function call<T>(
  transaction: TenantTransaction,
  until: number,
  handle: (limited: HandlerTransaction) => Promise<T>,
): Promise<T> {
  const limited = new LimitedTransaction(transaction);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const wait = Math.max(0, until - performance.now());
    timer = setTimeout(() => reject(new Error('took longer than an event may take')), wait);
  });
  const handled = async () => {
    const outcome = await handle(limited);
    await limited.finish();
    return outcome;
  };
  try {
    return await Promise.race([handled(), late]);
  } catch (error) {
    limited.close(error as Error);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Runs a handler, and notes for its span how long it takes. */
async function observed<T>(
  { key }: HandlerBinding,
  events: readonly DomainEvent[],
  run: () => Promise<T>,
): Promise<T> {
  if (!spans.sink) return await run();
  const startedAt = performance.now();
  let failed = true;
  try {
    const outcome = await run();
    failed = false;
    return outcome;
  } finally {
    noteHandlerRun(events, { handler: key, startedAt, endedAt: performance.now(), failed });
  }
}

function resultFrame({ name }: HandlerBinding) {
  return { handler_name: name, error: null, data: null };
}

function resultOf(binding: HandlerBinding, { status, message, data = {} }: HandlerOutcome): HandlerResult {
  return { ...resultFrame(binding), status, message, data };
}

function lockedWait({ created_at }: DomainEvent): number {
  const age = (Date.now() - Date.parse(created_at)) / 1000;
  return Math.min(LOCKED_SECONDS.most, Math.max(LOCKED_SECONDS.least, age / 10));
}

/** Returns whether a lock of somebody else's transaction is in the way, which is not the handler's fault. */
function isLockedOut(error: unknown): boolean {
  const { code = '' } = error as { code?: string };
  return databaseFailure(error) !== null && (code === '55P03' || code.startsWith('40'));
}

/** The tenant's transaction as one handler may use it, until it is closed. */
class LimitedTransaction {
  #closed: Error | null = null;
  readonly #sent: Promise<unknown>[] = [];

  constructor(private readonly transaction: TenantTransaction) {}

  query<Row>(query: Statement<Row>): Promise<Row[]> {
    if (this.#closed) return Promise.reject(this.#closed);
    const rows = this.transaction.query(query);
    this.#sent.push(rows); // so that `finish` reports its failure, even when the handler does not wait for it
    return rows;
  }

  /** Accepts no further statement; resolves when all were answered. @throws the error of the first that failed */
  async finish(): Promise<void> {
    this.close(new Error('the handler has ended'));
    await Promise.all(this.#sent);
  }

  /** Closes the transaction to the handler: further statements fail with this error. */
  close(why: Error): void {
    this.#closed ??= why;
  }
}
