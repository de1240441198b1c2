/** Milliseconds that a step must have taken before the rest of it is estimated. */
const ESTIMATED_FROM_MS = 3_000;

/** An estimate of how long a counted step goes on. */
export class RemainingTime {
  #begun: { readonly at: number; readonly done: number } | null = null;

  /** Forgets the step. */
  reset(): void {
    this.#begun = null;
  }

  /**
   * Notes how far the step is.
   * @param now in milliseconds
   * @returns text such as `, 3 min left`; empty while it cannot be told
   */
  note(done: number, total: number, now = performance.now()): string {
    this.#begun ??= { at: now, done };
    const elapsed = now - this.#begun.at;
    const finished = done - this.#begun.done;
    if (elapsed < ESTIMATED_FROM_MS || finished <= 0 || done >= total) return '';
    return `, ${duration((elapsed / finished) * (total - done))} left`;
  }
}

function duration(ms: number): string {
  const seconds = Math.max(Math.round(ms / 1000), 1);
  if (seconds < 100) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 100 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}
