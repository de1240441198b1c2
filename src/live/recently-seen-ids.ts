/** What the next look for new rows covers: ids above `floor` that are not in `known`. */
export interface IdWindow {
  readonly floor: number;
  readonly known: readonly number[];
}

/** Of the transactions when rows were looked for: PostgreSQL's `pg_snapshot_xmin` and `_xmax`. */
export interface Snapshot {
  /** Every transaction before this one has ended. */
  readonly oldest: bigint;
  /** No transaction from this one on had begun to write. */
  readonly next: bigint;
}

/** Ids are given a moment before their transaction has a number; in so many milliseconds it has one. */
const SETTLES_AFTER_MS = 5_000;
/** How far below the newest id a first look begins, in case something there is still to be committed. */
const FIRST_REACH = 1_000;

/**
 * Tells which rows are new although ids are given before commit, so that a row may come to light after one with a
 * higher id. It keeps every id that was seen above a floor, and lifts the floor only to ids below which nothing can
 * come to light any more: when every transaction that could have been given one of them has ended.
 */
export class RecentlySeenIds {
  #floor: number;
  #highest: number;
  #known = new Set<number>();
  /** Once all transactions before `next` have ended, nothing below `id` can appear any more. */
  #checkpoint: { readonly id: number; readonly next: bigint; readonly at: number } | undefined;

  /** @param highest the highest id there is */
  constructor(highest: number) {
    this.#highest = highest;
    this.#floor = Math.max(0, highest - FIRST_REACH);
  }

  get window(): IdWindow {
    return { floor: this.#floor, known: [...this.#known] };
  }

  /** Whether a look has found this id, or none will any more. */
  isKnown(id: number): boolean {
    return id <= this.#floor || this.#known.has(id);
  }

  /**
   * Takes the ids that a look at `window` found and moves on.
   * @param snapshot taken before that look
   * @param whole false when the look stopped at a limit
   */
  take(ids: readonly number[], snapshot: Snapshot, whole: boolean, now = Date.now()): void {
    const before = this.#highest; // what comes now may be younger than the snapshot
    for (const id of ids) {
      this.#known.add(id);
      if (id > this.#highest) this.#highest = id;
    }
    if (!whole) return;
    const reached = this.#checkpoint;
    if (reached && snapshot.oldest >= reached.next && now - reached.at >= SETTLES_AFTER_MS) {
      this.#floor = Math.max(this.#floor, reached.id);
      for (const id of this.#known) if (id <= this.#floor) this.#known.delete(id);
      this.#checkpoint = undefined;
    }
    this.#checkpoint ??= { id: before, next: snapshot.next, at: now };
  }
}
