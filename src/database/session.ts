import { type BatchResult, sendBatch } from './batch.js';
import type { DatabaseClient } from './client.js';
import { PreparedStatements } from './prepared-statements.js';
import { ROUND_TRIP_MARGIN_MS, TIMEOUTS } from './timeouts.js';

/** A statement to send, with its values in wire format. */
export interface Outgoing {
  /** The tenant's schema to which its names belong; null for statements that name no table of a tenant. */
  readonly schema: string | null;
  readonly sql: string;
  readonly values: readonly (string | Buffer | null)[];
}

/** The state of prepared statements that all connections of a pool share. */
export interface Keeping {
  /** False when nothing is kept prepared, on no connection. */
  allowed: boolean;
  /** Incremented when everything kept is out of date. */
  generation: number;
}

/** SQLSTATEs of a prepared statement that the server does not know, or of a name that it uses for another one. */
const STATEMENT_LOST = new Set(['26000', '42P05']);
/** The error of a prepared statement whose result columns have changed, as after a migration. */
const OUT_OF_DATE = { code: '0A000', routine: 'RevalidateCachedQuery' };

/** The query for the backend of the connection, and the role's statement timeout in milliseconds; 0 means no limit. */
const WHO: Outgoing = {
  schema: null,
  sql: `SELECT pg_catalog.pg_backend_pid() AS pid,
    (1000 * EXTRACT(epoch FROM pg_catalog.current_setting('statement_timeout')::interval))::float8 AS longest`,
  values: [],
};

const LIMIT_MS = 1000 * Number.parseInt(TIMEOUTS.statement_timeout, 10);

/** A connection of the pool, with its prepared statements. */
export class Session {
  readonly #kept = new PreparedStatements();
  #generation = 0;
  /**
   * Whether one process of the server serves this connection all the time; undefined while unknown. Behind a pooler the
   * next transaction may be served by another one, which knows none of the prepared statements.
   */
  #isDirect: boolean | undefined;

  constructor(
    private readonly client: DatabaseClient,
    private readonly keeping: Keeping,
  ) {
    client.longest = LIMIT_MS + ROUND_TRIP_MARGIN_MS;
  }

  /** Sets the maximum number of bytes of the answer to one round trip. */
  set mostBytes(most: number) {
    this.client.mostBytes = most;
  }

  /** Whether repeated statements are kept prepared. */
  get keeps(): boolean {
    return this.keeping.allowed && this.#isDirect === true;
  }

  /** The server's major version, such as 17. */
  get serverVersion(): number {
    return this.client.serverVersion;
  }

  /** Sends statements in one round trip. Keeps none of them prepared if `prepare` is false. */
  async send(statements: readonly Outgoing[], prepare = true): Promise<BatchResult> {
    if (this.#generation !== this.keeping.generation) this.#kept.dropAll();
    this.#generation = this.keeping.generation;
    const unwanted = this.#kept.takeDropped(); // before further ones are dropped that are used here
    const keeps = prepare && this.keeps;
    const entries = statements.map(({ schema, sql, values }) => ({
      sql,
      values,
      prepared: keeps ? this.#kept.find(schema ?? '', sql) : null,
    }));
    const known = entries.map(({ prepared }) => prepared?.sent);
    const outcome = await sendBatch(this.client, entries, unwanted);
    if (outcome.error) {
      // Behind the failure nothing was prepared; whether the failing statement was is unknown.
      for (let i = outcome.rows.length; i < entries.length; i++) {
        const prepared = entries[i]?.prepared;
        if (prepared && !known[i]) this.#kept.drop(prepared);
      }
    }
    return outcome;
  }

  /**
   * The query to send along in a transaction while it is not known whether a pooler stands between; its rows go to
   * `noteBackend`. A pooler gives out process ids of its own.
   */
  get backendQuery(): readonly Outgoing[] {
    return this.#isDirect === undefined && this.keeping.allowed ? [WHO] : [];
  }

  /** Evaluates the rows of `backendQuery`. */
  noteBackend(rows: readonly unknown[]): void {
    const { pid, longest } = rows[0] as { pid: number; longest: number };
    this.#isDirect = pid === this.client.serverProcess;
    if (longest > 0) this.client.longest = longest + ROUND_TRIP_MARGIN_MS;
  }

  /**
   * Drops the kept statements if an error was caused by one of them; if the server lost a statement, there must be a
   * pooler, and nothing is kept any more.
   * @returns whether the statement may succeed when it is sent again
   */
  discardStale(error: Error): boolean {
    const { code = '', routine } = error as { code?: string; routine?: string };
    if (!this.#isDirect) return false; // not `keeps`: another connection may have found out a moment before
    if (STATEMENT_LOST.has(code)) this.keeping.allowed = false;
    else if (code !== OUT_OF_DATE.code || routine !== OUT_OF_DATE.routine) return false;
    this.keeping.generation++;
    return true;
  }
}
