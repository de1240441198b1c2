import { setTimeout as sleep } from 'node:timers/promises';
import type { Lifecycle } from '../platform/lifecycle.js';

/** A reason why the process must not be sent requests. None of them names a tenant, a host or an account. */
export interface UnreadyReason {
  readonly code:
    | 'starting'
    | 'migrating'
    | 'draining'
    | 'database_unavailable'
    | 'schema_outdated'
    | 'writes_failing';
  readonly detail: string;
  /** Progress, where it is counted: of the database's schemas that are to be migrated, say. */
  readonly done?: number;
  readonly total?: number;
}

/** The answer of /health/ready. */
export interface ReadyAnswer {
  readonly status: 'ready' | 'not ready';
  readonly reasons: readonly UnreadyReason[];
}

/** A check of something that every request needs; null where it is in order. */
export type ReadyCheck = () => Promise<UnreadyReason | null>;

/**
 * Returns whether the process can take requests, from its phase and, when it is running, from checks that run at once.
 * No check looks at one tenant: this is the gate of the whole process.
 */
export async function readiness(
  lifecycle: Pick<Lifecycle, 'phase'>,
  checks: readonly ReadyCheck[],
): Promise<ReadyAnswer> {
  const { phase } = lifecycle;
  if (phase.kind === 'draining') return notReady([{ code: 'draining', detail: 'the process is stopping' }]);
  if (phase.kind === 'starting') {
    const { text, done, total } = phase.step;
    if (done === undefined || total === undefined) return notReady([{ code: 'starting', detail: text }]);
    return notReady([{ code: 'migrating', detail: `${text}: ${done} of ${total}`, done, total }]);
  }
  const found = await Promise.all(checks.map((check) => check()));
  const failed = found.filter((reason) => reason !== null);
  const isAway = failed.some(({ code }) => code === 'database_unavailable');
  // A database that is away does not write either, which says nothing about its disk.
  const reasons = isAway ? failed.filter(({ code }) => code !== 'writes_failing') : failed;
  return reasons.length > 0 ? notReady(reasons) : { status: 'ready', reasons };
}

function notReady(reasons: readonly UnreadyReason[]): ReadyAnswer {
  return { status: 'not ready', reasons };
}

/** The times of a check, in milliseconds. */
export interface CheckTimes {
  /** Time for which a result is kept, and for which a failure is kept. */
  readonly keptFor: number;
  readonly failureKeptFor: number;
  /** Time after which a check that has not ended counts as failed. */
  readonly within: number;
}

/**
 * Returns a check that runs at most once per period, one at a time and only when it is asked for, however many callers
 * there are.
 * @param run finds the reason; null where all is in order
 * @param late the reason while `run` takes too long
 */
export function periodicCheck(
  run: () => Promise<UnreadyReason | null>,
  late: UnreadyReason,
  { keptFor, failureKeptFor, within }: CheckTimes,
): ReadyCheck {
  let last: { readonly result: Promise<UnreadyReason | null>; until: number } | undefined;
  return () => {
    if (last && performance.now() < last.until) return last.result;
    const ended = run();
    const current = {
      result: Promise.race([ended, sleep(within, late, { ref: false })]),
      until: Number.POSITIVE_INFINITY, // until it has ended, so that a hanging check is not repeated
    };
    last = current;
    void ended.then(
      (reason) => {
        current.until = performance.now() + (reason ? failureKeptFor : keptFor);
        // What came too late for its caller counts for the next ones.
        if (last === current) last = { result: Promise.resolve(reason), until: current.until };
      },
      () => {
        current.until = 0;
      },
    );
    return current.result;
  };
}
