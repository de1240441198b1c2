/**
 * Times after a notice at which a worker looks again, in milliseconds: writers that commit within 8 ms of another's notice,
 * or together with it, give none (migrations/shared/0027_event_notices.sql), and may be committed after the first look.
 */
const AFTER_MS = [10, 50, 250];

/** The looks of a worker that has nothing to do and is not told again. */
export class LookAgain {
  #since = Number.NEGATIVE_INFINITY;

  /** Notes that a notice has come, or that from now on writers give notice. */
  note(): void {
    this.#since = performance.now();
  }

  /** Returns the milliseconds until the next look; null when none is due before the next poll. */
  get within(): number | null {
    const past = performance.now() - this.#since;
    const next = AFTER_MS.find((after) => after > past);
    return next === undefined ? null : next - past;
  }
}
