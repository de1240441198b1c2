import type { Claim, Portion } from './queue.js';

/** For how long events that are due since earlier may go unnoticed: those of a transaction that took its time. */
const KEPT_MS = 1_000;
/** Interval at which a busy tenant's events that must be handled alone come first. */
const ALONE_EVERY_MS = 1_000;
const MOST = 10_000;

/**
 * From where on the queue of a busy tenant is read. The place of an event that is done stays in the index until it
 * is vacuumed away, and passing over a minute's worth of them for each batch would cost more than the work itself.
 */
export class Floors {
  readonly #floors = new Map<string, { readonly since: string; readonly until: number }>();

  readonly #busy = new Map<string, { readonly since: number; readonly until: number }>();

  /** Tells whether events that must be handled alone come first in this turn, as they do now and then for a busy tenant. */
  isTimeForAlone(schema: string): boolean {
    const now = performance.now();
    const { since, until } = this.#busy.get(schema) ?? { since: now, until: now };
    const isBusy = now - until < ALONE_EVERY_MS;
    const isTime = isBusy && now - since >= ALONE_EVERY_MS;
    if (this.#busy.size >= MOST) this.#busy.clear();
    this.#busy.set(schema, { since: isBusy && !isTime ? since : now, until: now });
    return isTime;
  }

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
