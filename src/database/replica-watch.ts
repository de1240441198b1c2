import { setTimeout as sleep } from 'node:timers/promises';
import { jittered } from '../platform/jitter.js';
import type { PublicQueries } from './query-runner.js';
import { IDENTITY, unfitness } from './replica-identity.js';
import { sql } from './sql.js';
import { COMMITTED_POSITION, REPLAYED, walPosition } from './wal-position.js';
import { BEGIN_NOTES, DELETE_OLD_NOTES, IS_NOTING } from './write-positions.js';

/** The times of watching, in milliseconds. */
export interface WatchTimes {
  /** Time that a replica in use may be behind. */
  readonly mostLag: number;
  /** Time from one look to the next. */
  readonly every: number;
}

/** The reason why a replica is not used. `away`: it does not answer, or is no standby of this primary. */
export type ReplicaTrouble = 'away' | 'lagging';

/** Pause between looks while somebody waits for a position, and the age up to which a look counts. */
const PAUSE_MS = 2;
const FRESH_MS = 10;
/** Time for which a read whose wait is over waits for one look. */
const LOOK_WITHIN_MS = 50;
/** Time for which a regular look waits for the position that it has found. */
const LOOKS_FOR_MS = 100;
const NOTES_DELETED_EVERY_MS = 300_000;
const MOST_SAMPLES = 300;

/** A position of the primary in its log. */
interface Sample {
  readonly position: number;
  /** On the monotonic clock, before the position was asked for. */
  readonly at: number;
}

const OF_PRIMARY = sql<{ position: string; identity: string; isNoting: boolean }>`
  SELECT (${COMMITTED_POSITION})::text AS position, ${IDENTITY} AS identity, ${IS_NOTING} AS "isNoting"`;
const OF_REPLICA = sql<{ replayed: string | null; identity: string; isStandby: boolean }>`
  SELECT pg_catalog.pg_last_wal_replay_lsn()::text AS replayed, ${IDENTITY} AS identity,
    pg_catalog.pg_is_in_recovery() AS "isStandby"`;

/**
 * Watches how far behind its primary a replica is. Compares positions in the log with the moments at which they were
 * current, on this process's clock: the time of the last transaction says nothing while nobody writes, and the servers'
 * clocks may differ.
 */
export class ReplicaWatch {
  #replayed = -1;
  /** Positions that are not known to be replayed, oldest first. */
  #samples: Sample[] = [];
  /** The moment up to which everything committed is known to be replayed. */
  #syncedAt = Number.NEGATIVE_INFINITY;
  #problem: string | null = 'it has not answered yet';
  #notesDeletedAt = performance.now();
  #polling: Promise<void> | undefined;
  #polledAt = Number.NEGATIVE_INFINITY;
  #running: Promise<void> | undefined;
  readonly #stopped = new AbortController();

  constructor(
    private readonly primary: PublicQueries,
    private readonly replica: PublicQueries,
    private readonly times: WatchTimes,
  ) {}

  /** The reason why the replica is not to be used now; null if it may be. */
  get trouble(): ReplicaTrouble | null {
    if (this.#problem !== null) return 'away';
    return performance.now() - this.#syncedAt > this.times.mostLag ? 'lagging' : null;
  }

  /** The reason why it is away, for operators; null if it answers. */
  get problem(): string | null {
    return this.#problem;
  }

  /** Seconds that it is behind; null while it is away. */
  get lag(): number | null {
    if (this.#problem !== null) return null;
    const [oldest] = this.#samples;
    return oldest ? (performance.now() - oldest.at) / 1000 : 0;
  }

  /** The highest position known to be replayed; -1 while none is. */
  get replayed(): number {
    return this.#replayed;
  }

  /** Notes a position that was seen replayed. */
  noteReplayed(position: number): void {
    if (position <= this.#replayed) return;
    this.#replayed = position;
    let known = 0;
    for (const sample of this.#samples) {
      if (sample.position > position) break;
      this.#syncedAt = sample.at;
      known++;
    }
    this.#samples.splice(0, known);
  }

  /** Notes that the replica did not answer: it is not used until a look finds it in order. */
  noteAway(error: Error): void {
    this.#problem = error.message;
  }

  /**
   * Waits until a position is replayed, and at least for one look.
   * @param until on the monotonic clock
   * @returns false where it was not in time
   */
  async reached(position: number, until: number): Promise<boolean> {
    for (let looks = 0; this.#replayed < position; looks++) {
      const now = performance.now();
      const isKnown = looks > 0 || now - this.#polledAt < FRESH_MS;
      if (this.#problem !== null || (now >= until && isKnown)) return false;
      if (looks > 0) await sleep(PAUSE_MS);
      this.#polling ??= this.#poll().finally(() => {
        this.#polling = undefined;
      });
      // A look that gets no answer holds nobody up.
      await Promise.race([
        this.#polling,
        sleep(Math.max(until - now, LOOK_WITHIN_MS), undefined, { ref: false }),
      ]);
    }
    return true;
  }

  async #poll(): Promise<void> {
    try {
      const [row] = await this.replica.publicQuery(REPLAYED);
      this.noteReplayed(walPosition(row?.replayed));
      this.#polledAt = performance.now();
    } catch (error) {
      this.noteAway(error as Error);
    }
  }

  /** Begins to look at both servers at intervals. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Ends that. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      await this.look();
      await sleep(jittered(this.times.every), undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  /** Looks at both servers once. Without the primary, what is known of the replica grows old until it is not used. */
  async look(): Promise<void> {
    const at = performance.now();
    const [primary, replica] = await Promise.allSettled([this.#lookAtPrimary(at), this.#lookAtReplica()]);
    if (replica.status === 'rejected') this.noteAway(replica.reason as Error);
    else if (primary.status === 'fulfilled') this.#problem = unfitness(replica.value, primary.value.identity);
    if (primary.status === 'fulfilled' && this.#problem === null)
      await this.reached(primary.value.position, at + LOOKS_FOR_MS);
  }

  async #lookAtPrimary(at: number): Promise<{ readonly position: number; readonly identity: string }> {
    const [row] = await this.primary.publicQuery(OF_PRIMARY);
    const { identity = '', isNoting = false } = row ?? {};
    if (!isNoting) await this.primary.publicQuery(BEGIN_NOTES);
    if (at - this.#notesDeletedAt > NOTES_DELETED_EVERY_MS) {
      this.#notesDeletedAt = at;
      await this.primary.publicQuery(DELETE_OLD_NOTES);
    }
    const position = walPosition(row?.position);
    if (position <= this.#replayed) this.#syncedAt = at;
    else this.#samples.push({ position, at });
    if (this.#samples.length > MOST_SAMPLES) this.#samples.splice(-2, 1);
    return { position, identity };
  }

  async #lookAtReplica() {
    const [row] = await this.replica.publicQuery(OF_REPLICA);
    this.noteReplayed(walPosition(row?.replayed));
    return { identity: row?.identity ?? '', isStandby: row?.isStandby ?? false };
  }
}
