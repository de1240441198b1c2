const MINUTE_MS = 60_000;

/** A limit of the number of log lines of one kind per minute. */
export class LineLimit {
  #until = 0;
  #lines = 0;
  #leftOut = 0;

  /** @param perMinute 0 for any number */
  constructor(private readonly perMinute: number) {}

  /**
   * Counts a line.
   * @returns null where it must not be written, else the number of lines that were left out before it
   */
  take(now = Date.now()): number | null {
    if (now >= this.#until) {
      this.#until = now + MINUTE_MS;
      this.#lines = 0;
    }
    if (this.perMinute > 0 && this.#lines >= this.perMinute) {
      this.#leftOut++;
      return null;
    }
    this.#lines++;
    const leftOut = this.#leftOut;
    this.#leftOut = 0;
    return leftOut;
  }
}
