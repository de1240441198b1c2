import { LRUCache } from 'lru-cache';
import { AnswerTooLargeError } from './answer-bounds.js';
import { isOutage } from './errors.js';
import type { PublicQueries, StandbyTransactions, TransactionWork } from './query-runner.js';
import { ReplicaWatch, type WatchTimes } from './replica-watch.js';
import type { StandbyRead, TenantContext } from './tenant-transaction.js';
import { walPosition } from './wal-position.js';
import { WritePositions } from './write-positions.js';

/**
 * The outcome of a read that a replica may do. `replica`: it did. Otherwise the primary did, since the replica was away,
 * lagged behind the limit, was behind the user's own changes, cancelled the statement to go on replaying, or failed; or
 * it could not be known what the user has changed.
 */
export type ReadOutcome = 'replica' | 'away' | 'lagging' | 'behind' | 'conflict' | 'failed' | 'unknown';

/** Time for which a read waits until the replica has replayed what its user has changed. */
const WAITS_FOR_MS = 50;
const KEPT_USERS = 20_000;
const FAILED_SERIALISATION = '40001';
const CANCELED = '57014';
/** The class of errors of a server, or a pool, that has no connection left. */
const SHORTAGE = '53';

/** A position that a user's reads need. */
interface Needed {
  readonly position: number;
  /** Until when reads wait for it, on the monotonic clock; from then on they go to the primary. */
  readonly until: number;
}

/** A standby that answers reads, as far as it shows what their user has changed; else the primary does. */
export class Replica {
  /** The number of reads by outcome. */
  readonly counts: Record<ReadOutcome, number> = {
    replica: 0,
    away: 0,
    lagging: 0,
    behind: 0,
    conflict: 0,
    failed: 0,
    unknown: 0,
  };
  readonly watch: ReplicaWatch;
  readonly #positions: WritePositions;
  readonly #needed: LRUCache<string, Needed>;

  /** @param replica connections to the standby, whose transactions only read */
  constructor(
    primary: PublicQueries,
    private readonly replica: StandbyTransactions,
    private readonly times: WatchTimes,
  ) {
    this.#positions = new WritePositions(primary);
    // Its own `max` would allocate memory for that many at once. A replica in use has what is older.
    this.#needed = new LRUCache({ maxSize: KEPT_USERS, sizeCalculation: () => 1, ttl: times.mostLag });
    this.watch = new ReplicaWatch(primary, replica, times);
  }

  /**
   * Notes that this process has committed a user's change.
   * @param position see `notePosition`; undefined where it could not be noted, so that the replica is not used for a while
   */
  noteWrite({ schema, userId }: TenantContext, position: string | undefined): void {
    const isKnown = position !== undefined;
    this.#need(`${schema} ${userId}`, isKnown ? walPosition(position) : Number.POSITIVE_INFINITY);
  }

  /**
   * Runs work that only reads, here or with `onPrimary`. It is done anew there where this fails for whatever reason, so
   * that a replica gives no answer that the primary would not give, except one that is a moment old.
   */
  async read<T>(context: TenantContext, work: TransactionWork<T>, onPrimary: () => Promise<T>): Promise<T> {
    const outcome = await this.#attempt(context, work);
    if (typeof outcome === 'object') {
      this.counts.replica++;
      return outcome.result;
    }
    this.counts[outcome]++;
    delete context.cutFields;
    return await onPrimary();
  }

  /** Ends the watch and closes every connection. */
  async close(): Promise<void> {
    await this.watch.stop();
    await this.replica.close();
  }

  async #attempt<T>(
    context: TenantContext,
    work: TransactionWork<T>,
  ): Promise<{ readonly result: T } | Exclude<ReadOutcome, 'replica'>> {
    const { schema, userId } = context;
    if (userId === null) return 'unknown';
    const { trouble } = this.watch;
    if (trouble) return trouble;
    const writer = `${schema} ${userId}`;
    // Asked for now, as what the user changes from now on is not awaited; the answer comes while the replica reads.
    const noted = this.#positions.of(schema, userId).catch(() => null);
    try {
      // Twice at most: behind a balancer the next read may reach another standby.
      for (let attempt = 0; attempt < 2; attempt++) {
        const needed = this.#needed.get(writer);
        if (needed && !(await this.watch.reached(needed.position, needed.until))) return 'behind';
        const standby: StandbyRead = { replayed: -1 };
        const result = await this.replica.tenantTransaction(context, work, standby);
        this.watch.noteReplayed(standby.replayed);
        const known = await noted;
        // A replica in use has everything that is older than the greatest lag: notes need not reach back further.
        if (known === null || known.completeFor * 1000 < this.times.mostLag) return 'unknown';
        if (standby.replayed >= known.position) return { result };
        this.#need(writer, known.position);
      }
      return 'behind';
    } catch (error) {
      if (isFinal(error)) throw error;
      return this.#failure(error);
    }
  }

  #need(writer: string, position: number): void {
    const present = this.#needed.get(writer);
    if (present && present.position >= position) return;
    this.#needed.set(writer, { position, until: performance.now() + WAITS_FOR_MS });
  }

  #failure(error: unknown): 'conflict' | 'away' | 'failed' {
    const { code = '' } = error as { code?: string };
    if (code === FAILED_SERIALISATION) return 'conflict';
    if (!isOutage(error) || code.startsWith(SHORTAGE)) return 'failed';
    this.watch.noteAway(error as Error);
    return 'away';
  }
}

/** Returns whether the primary would fail in the same way: it need not do for longer what has taken too long. */
function isFinal(error: unknown): boolean {
  if (error instanceof AnswerTooLargeError) return true;
  const { code, message = '' } = error as { code?: unknown; message?: string };
  return code === CANCELED && message.includes('statement timeout');
}
