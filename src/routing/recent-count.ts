/** The length of a period. */
const PERIOD_MS = 2_000;

/** Counts what happened in the present and the last period: in the last two to four seconds. */
export class RecentCount {
  #period = 0;
  #present = 0;
  #last = 0;

  /** @param now on the clock of performance.now() */
  add(count: number, now: number): void {
    this.#move(now);
    this.#present += count;
  }

  /** Returns the count. */
  at(now: number): number {
    this.#move(now);
    return this.#present + this.#last;
  }

  #move(now: number): void {
    const period = Math.floor(now / PERIOD_MS);
    if (period === this.#period) return;
    this.#last = period === this.#period + 1 ? this.#present : 0;
    this.#present = 0;
    this.#period = period;
  }
}
