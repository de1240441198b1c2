import type { Database } from '../../database/database.js';
import { sql } from '../../database/sql.js';

/** Number of events or deliveries per segment, and so the maximum number of dead rows that a claim reads. */
const EVENTS_PER_SEGMENT = 2_000;
/** Time for which a segment that may be closed stays open while little happens, in milliseconds. */
const CLOSE_AFTER_MS = 10_000;

const ENTER = sql`SELECT public.enter_event_segment()`;
const BEGIN = sql`SELECT public.begin_event_segment()`;
const CLOSE = [sql`SELECT public.close_event_segments()`, sql`SELECT public.close_delivery_segments()`];

/**
 * Keeps finished entries out of the way of readers of the queues of events and deliveries: begins new segments, and
 * closes those in which nothing waits. Every process does so for its own work.
 */
export class Segments {
  #handled = 0;
  #toClose = false;
  #closedAt = 0;
  #working: Promise<void> | null = null;

  constructor(
    private readonly database: Database,
    private readonly perSegment = EVENTS_PER_SEGMENT,
  ) {}

  /** Counts entries of a queue that were removed or changed. */
  note(handled: number): void {
    this.#handled += handled;
    if (handled > 0) this.#toClose = true;
  }

  /** Begins and closes segments as needed, for one caller at a time. @throws database errors */
  async tend(): Promise<void> {
    if (this.#working) return;
    const isFull = this.#handled >= this.perSegment;
    const mayClose = this.#toClose && performance.now() - this.#closedAt >= CLOSE_AFTER_MS;
    if (!isFull && !mayClose) return;
    this.#working = this.#work(isFull).finally(() => {
      this.#working = null;
    });
    await this.#working;
  }

  async #work(isFull: boolean): Promise<void> {
    this.#toClose = false;
    this.#closedAt = performance.now();
    if (isFull) {
      this.#handled = 0;
      // Two transactions, since a segment may be written to only when all readers know of it.
      await this.database.publicQuery(ENTER);
      await this.database.publicQuery(BEGIN);
    }
    for (const close of CLOSE) await this.database.publicQuery(close);
  }
}
