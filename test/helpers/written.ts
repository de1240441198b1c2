import pg from 'pg';
import type { TestDatabase } from './database.js';

/** Failed log-ins are counted, which is what the table is for. */
const MAY_CHANGE = new Set(['tenant_main.login_failure', 'tenant_demo.login_failure']);

/**
 * Sees whether anything was written: of every table the number of its rows and the sum of the transactions that
 * wrote them, which every insert, update (even with equal values) and delete changes.
 */
export class WriteWatch {
  private constructor(
    private readonly client: pg.Client,
    private readonly question: string,
  ) {}

  /** Looks at every table of a database; to be closed. */
  static async open({ admin }: TestDatabase): Promise<WriteWatch> {
    const client = new pg.Client({ ...admin, application_name: 'write-watch' });
    await client.connect();
    const { rows } = await client.query<{ name: string; table: string }>(
      `SELECT format('%s.%s', nspname, relname) AS name, c.oid::regclass::text AS table
       FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
       WHERE relkind = 'r' AND nspname ~ '^(public|tenant_)'`,
    );
    const parts = rows
      .filter(({ name }) => !MAY_CHANGE.has(name))
      .map(
        ({ name, table }) =>
          `SELECT '${name}', format('%s rows, %s', count(*), sum(xmin::text::bigint)) FROM ${table}`,
      );
    return new WriteWatch(
      client,
      `SELECT jsonb_object_agg(name, state) AS state FROM (${parts.join(' UNION ALL ')}) AS t (name, state)`,
    );
  }

  /** Equal to an earlier one when nothing was written in between; else the tables that differ were. */
  async state(): Promise<Record<string, string>> {
    const { rows } = await this.client.query({ name: 'state', text: this.question });
    return rows[0].state;
  }

  async close(): Promise<void> {
    await this.client.end();
  }
}
