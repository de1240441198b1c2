import type { Database } from '../database/database.js';
import { sql } from '../database/sql.js';

/** Time between two writes, in milliseconds; as coarse is what sessions show of their last use. */
const EVERY = 300_000;
/** Maximum number of sessions that are remembered until the next write; those beyond are left out. */
const MOST_SESSIONS = 50_000;

/** Remembers which sessions send requests, and writes it down now and then: no request waits for that. */
export class SessionUse {
  #used = new Map<string, Map<string, number>>();
  #count = 0;
  #writing = Promise.resolve();
  readonly #timer: NodeJS.Timeout;

  /** @param onError called for a write that failed; what it held is lost */
  constructor(
    private readonly database: Database,
    private readonly onError: (error: unknown) => void,
    every = EVERY,
  ) {
    this.#timer = setInterval(() => void this.write(), every).unref();
  }

  /** Notes that a session sends a request. */
  note(schema: string, sid: string): void {
    let sessions = this.#used.get(schema);
    if (!sessions?.has(sid)) {
      if (this.#count >= MOST_SESSIONS) return;
      this.#count++;
      if (!sessions) {
        sessions = new Map();
        this.#used.set(schema, sessions);
      }
    }
    sessions.set(sid, Date.now());
  }

  /** Writes what was noted, one statement for each tenant. */
  async write(): Promise<void> {
    const used = this.#used;
    this.#used = new Map();
    this.#count = 0;
    this.#writing = this.#writing.then(async () => {
      for (const [schema, sessions] of used) {
        await this.database
          .tenantQuery({ schema, userId: null }, lastUse([...sessions.keys()], [...sessions.values()]))
          .catch(this.onError);
      }
    });
    await this.#writing;
  }

  /** Writes for the last time. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.write();
  }
}

// Rows that somebody else has locked are left out: they are just being used, or ended.
const lastUse = (sids: readonly string[], times: readonly number[]) => sql`
  WITH used AS (SELECT sid, to_timestamp(ms / 1000) AS at FROM unnest(${sids}::text[], ${times}::float8[]) AS u (sid, ms)),
  free AS (SELECT s.id, used.at FROM user_session s JOIN used ON used.sid = s.sid
           WHERE s.ended_at IS NULL AND s.last_used_at < used.at - interval '1 minute' FOR UPDATE OF s SKIP LOCKED)
  UPDATE user_session s SET last_used_at = free.at FROM free WHERE s.id = free.id`;
