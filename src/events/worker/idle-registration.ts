import { randomUUID } from 'node:crypto';
import type { Database } from '../../database/database.js';
import { sql } from '../../database/sql.js';

/** Age after which a worker's row is taken for that of a dead one. */
const STALE = sql`interval '10 minutes'`;
const RENEW_MS = 30_000;
/** Minimum lifetime of the row: each removal leaves a dead row, which every writer reads until VACUUM. */
const STAYS_MS = 5_000;

/**
 * A worker's row among those of idle workers, from which writers know that a notice would wake somebody. It is a hint:
 * without it the worker polls a little later.
 */
export class IdleRegistration {
  readonly #id = randomUUID();
  #writtenAt: number | null = null;
  #last: Promise<void> = Promise.resolve();

  constructor(private readonly database: Database) {}

  get isRegistered(): boolean {
    return this.#writtenAt !== null && performance.now() - this.#writtenAt < RENEW_MS;
  }

  /** Registers the worker as idle: from now on writers notify. Removes rows of dead workers along the way. */
  register(): Promise<void> {
    return this.#inTurn(async () => {
      await this.database.publicQuery(sql`
        WITH dead AS (
          DELETE FROM public.event_sleeper WHERE asleep_since < now() - ${STALE} AND worker <> ${this.#id}::uuid
        )
        INSERT INTO public.event_sleeper (worker) VALUES (${this.#id}::uuid)
        ON CONFLICT (worker) DO UPDATE SET asleep_since = now()`);
      this.#writtenAt = performance.now();
    });
  }

  /** Removes the row, since notices are not needed now, unless it was written a moment ago. */
  async leave(): Promise<void> {
    if (this.#writtenAt !== null && performance.now() - this.#writtenAt >= STAYS_MS) await this.remove();
  }

  /** Removes the row: from now on notices are not needed. */
  remove(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#writtenAt === null) return;
      this.#writtenAt = null;
      await this.database.publicQuery(sql`DELETE FROM public.event_sleeper WHERE worker = ${this.#id}::uuid`);
    });
  }

  /** Serialises changes, so that they do not overtake one another on different connections. */
  #inTurn(change: () => Promise<void>): Promise<void> {
    const done = this.#last.then(change);
    this.#last = done.catch(() => undefined);
    return done;
  }
}
