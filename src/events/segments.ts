import type { Database } from '../database/database.js';
import { statement } from '../database/statement.js';

/** After this many events or deliveries a new segment is begun: as many dead rows a claim passes over at most. */
const EVENTS_PER_SEGMENT = 2_000;
/** While little happens, how long a segment that may be closed stays open. */
const CLOSE_AFTER_MS = 10_000;

const ENTER = statement('SELECT public.enter_event_segment()');
const BEGIN = statement('SELECT public.begin_event_segment()');
const CLOSE = [
  statement('SELECT public.close_event_segments()'),
  statement('SELECT public.close_delivery_segments()'),
];

/**
 * Sees to it that the queues of events and of deliveries are read without what is done: begins new segments, and closes those in which nothing waits.
 * Every process does so for what it handles itself.
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

  /** Takes note of how many places in a queue were given up or changed. */
  note(handled: number): void {
    this.#handled += handled;
    if (handled > 0) this.#toClose = true;
  }

  /** Does what is due, for one caller at a time. @throws database errors */
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
      // Each in a transaction of its own: a segment is written to only when all readers know of it.
      await this.database.publicQuery(ENTER);
      await this.database.publicQuery(BEGIN);
    }
    for (const close of CLOSE) await this.database.publicQuery(close);
  }
}
