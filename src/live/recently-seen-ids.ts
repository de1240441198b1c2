/** The range that the next look for new rows covers: ids above `floor` that are not in `known`. */
export interface IdWindow {
  readonly floor: number;
  readonly known: readonly number[];
}

/** The transactions at the time of a look: PostgreSQL's `pg_snapshot_xmin` and `pg_snapshot_xmax`. */
export interface Snapshot {
  /** All transactions before this one have ended. */
  readonly oldest: bigint;
  /** No transaction from this one on had begun to write. */
  readonly next: bigint;
}

/** Time after which a transaction that has been given an id also has a transaction number, in milliseconds. */
const SETTLES_AFTER_MS = 5_000;
/** Distance below the newest id at which the first look begins, in case rows there are still to be committed. */
const FIRST_REACH = 1_000;

/**
 * The ids seen lately, which tell new rows from known ones. Ids are assigned before the commit, so a row may become
 * visible after one with a higher id. Every id seen above a floor is kept, and the floor rises only to ids below which
 * nothing can become visible any more, because every transaction that could have been assigned one of them has ended.
 */
export class RecentlySeenIds {
  #floor: number;
  #highest: number;
  #known = new Set<number>();
  /** Once all transactions before `next` have ended, nothing below `id` can become visible any more. */
  #checkpoint: { readonly id: number; readonly next: bigint; readonly at: number } | undefined;

  /** @param highest the highest existing id */
  constructor(highest: number) {
    this.#highest = highest;
    this.#floor = Math.max(0, highest - FIRST_REACH);
  }

  get window(): IdWindow {
    return { floor: this.#floor, known: [...this.#known] };
  }

  /** The highest id that a look has found, or that existed before the first one. */
  get highest(): number {
    return this.#highest;
  }

  /** Returns whether a look has already found this id, or can no longer find it. */
  isKnown(id: number): boolean {
    return id <= this.#floor || this.#known.has(id);
  }

  /**
   * Records the ids that a look at `window` found, and advances the window.
   * @param snapshot taken before that look
   * @param whole false when the look stopped at its limit
   */
  take(ids: readonly number[], snapshot: Snapshot, whole: boolean, now = Date.now()): void {
    const before = this.#highest; // ids found now may be younger than the snapshot
    for (const id of ids) {
      this.#known.add(id);
      if (id > this.#highest) this.#highest = id;
    }
    if (!whole) return;
    // A server that has given out fewer numbers is another one than before: the tenant has moved there, after all its
    // transactions had ended.
    if (this.#checkpoint && snapshot.next < this.#checkpoint.next) this.#checkpoint = undefined;
    const reached = this.#checkpoint;
    if (reached && snapshot.oldest >= reached.next && now - reached.at >= SETTLES_AFTER_MS) {
      this.#floor = Math.max(this.#floor, reached.id);
      for (const id of this.#known) if (id <= this.#floor) this.#known.delete(id);
      this.#checkpoint = undefined;
    }
    this.#checkpoint ??= { id: before, next: snapshot.next, at: now };
  }
}
