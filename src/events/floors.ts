import type { Claim, Portion } from './queue.js';

/** For how long events that are due since earlier may go unnoticed: those of a transaction that took its time. */
const KEPT_MS = 1_000;
const MOST = 10_000;

/**
 * From where on the queue of a busy tenant is read. The place of an event that is done stays in the index until it
 * is vacuumed away, and passing over a minute's worth of them for each batch would cost more than the work itself.
 */
export class Floors {
  readonly #floors = new Map<string, { readonly since: string; readonly until: number }>();

  /** Since when due events are to be looked for; null: from the beginning. */
  of(schema: string): string | null {
    const floor = this.#floors.get(schema);
    if (floor && performance.now() < floor.until) return floor.since;
    this.#floors.delete(schema);
    return null;
  }

  /** Learns from what was claimed. */
  note(schema: string, { most, since }: Portion, claims: readonly Claim[]): void {
    const first = claims[0];
    if (!first || claims.length < most) {
      this.#floors.delete(schema);
      return;
    }
    if (this.#floors.size >= MOST) this.#floors.clear();
    const until =
      (since === null ? undefined : this.#floors.get(schema)?.until) ?? performance.now() + KEPT_MS;
    this.#floors.set(schema, { since: first.dueAt, until });
  }
}
