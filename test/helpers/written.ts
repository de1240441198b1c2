import pg from 'pg';
import type { TestDatabase } from './database.js';

/**
 * Failed log-ins are counted and logged, which is the purpose of these tables; and each statement on a table is noted,
 * also one that found no row to change.
 */
const MAY_CHANGE = new Set([
  'tenant_main.login_failure',
  'tenant_demo.login_failure',
  'public.login_address',
  'tenant_main.security_event',
  'tenant_demo.security_event',
  'tenant_main.table_change',
  'tenant_demo.table_change',
]);

/** Returns SQL for a number that a write to a row of the table changes. The use of a session is noted every minute. */
function markIn(table: string): string {
  return table.endsWith('.user_session')
    ? `hashtext((to_jsonb(t) - 'last_used_at')::text)::bigint`
    : 't.xmin::text::bigint';
}

interface Seen {
  readonly snapshot: string;
  readonly state: Record<string, string>;
}

/**
 * Detects writes: of every table it compares the number of its rows and the sum of the transactions that wrote them,
 * which every insert, update (even with equal values) and delete changes.
 */
export class WriteWatch {
  #last: Seen | undefined;

  private constructor(
    private readonly client: pg.Client,
    private readonly question: string,
  ) {}

  /** Opens a watch on every table of a database, which must be closed. */
  static async open({ admin }: TestDatabase): Promise<WriteWatch> {
    const client = new pg.Client({ ...admin, application_name: 'write-watch' });
    await client.connect();
    const { rows } = await client.query<{ name: string; table: string }>(
      `SELECT format('%s.%s', nspname, relname) AS name, c.oid::regclass::text AS table
       FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
       WHERE relkind = 'r' AND nspname ~ '^(public|tenant_)'`,
    );
    const tables = rows.filter(({ name }) => !MAY_CHANGE.has(name)).map(({ table }) => table);
    // One aggregate over all rows: one for each of 130 tables took four times as long. Empty tables are omitted.
    const all = tables
      .map((table) => `SELECT tableoid, ${markIn(table)} AS mark FROM ${table} AS t`)
      .join(' UNION ALL ');
    return new WriteWatch(
      client,
      `SELECT pg_current_snapshot()::text AS snapshot, jsonb_object_agg(name, state) AS state
       FROM (SELECT tableoid::regclass::text, format('%s rows, %s', count(*), sum(mark))
             FROM (${all}) AS every_row GROUP BY tableoid) AS t (name, state)`,
    );
  }

  /**
   * Returns a state that equals an earlier one when nothing was written in between; otherwise the tables that differ
   * were.
   */
  async state(): Promise<Record<string, string>> {
    // Equal snapshots see equal rows.
    const { rows: now } = await this.client.query<Pick<Seen, 'snapshot'>>({
      name: 'snapshot',
      text: 'SELECT pg_current_snapshot()::text AS snapshot',
    });
    if (this.#last && now[0]?.snapshot === this.#last.snapshot) return this.#last.state;
    const { rows } = await this.client.query<Seen>({ name: 'state', text: this.question });
    this.#last = rows[0] as Seen;
    return this.#last.state;
  }

  async close(): Promise<void> {
    await this.client.end();
  }
}
