import type { EventClaim, Portion } from './event-queue.js';

/** Maximum delay of events that became due earlier, such as those of a slow transaction, in milliseconds. */
const KEPT_MS = 1_000;
/** Interval at which a busy tenant's events that must be handled alone come first. */
const ALONE_EVERY_MS = 1_000;
const MOST = 10_000;

/**
 * The positions from which the queues of busy tenants are read. The index entry of a finished event stays until VACUUM
 * removes it, and skipping a minute's worth of them for each batch would cost more than the work itself.
 */
export class EventCursors {
  readonly #cursors = new Map<string, { readonly since: string; readonly until: number }>();

  readonly #busy = new Map<string, { readonly since: number; readonly until: number }>();

  /**
   * Returns whether events that must be handled alone come first in this turn, as happens at intervals for a busy
   * tenant.
   */
  isTimeForAlone(schema: string): boolean {
    const now = performance.now();
    const { since, until } = this.#busy.get(schema) ?? { since: now, until: now };
    const isBusy = now - until < ALONE_EVERY_MS;
    const isTime = isBusy && now - since >= ALONE_EVERY_MS;
    if (this.#busy.size >= MOST) this.#busy.clear();
    this.#busy.set(schema, { since: isBusy && !isTime ? since : now, until: now });
    return isTime;
  }

  /** Returns the time from which to look for due events; null for the beginning. */
  of(schema: string): string | null {
    const cursor = this.#cursors.get(schema);
    if (cursor && performance.now() < cursor.until) return cursor.since;
    this.#cursors.delete(schema);
    return null;
  }

  /** Updates the position after a claim. */
  note(schema: string, { most, since }: Portion, claims: readonly EventClaim[]): void {
    const first = claims[0];
    if (!first || claims.length < most) {
      this.#cursors.delete(schema);
      return;
    }
    if (this.#cursors.size >= MOST) this.#cursors.clear();
    const until =
      (since === null ? undefined : this.#cursors.get(schema)?.until) ?? performance.now() + KEPT_MS;
    this.#cursors.set(schema, { since: first.dueAt, until });
  }
}
