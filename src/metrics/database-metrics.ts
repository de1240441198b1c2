import { Gauge, type Registry } from 'prom-client';
import type { Database } from '../database/database.js';
import { oldTransactions } from '../database/old-transactions.js';
import { TENANT_IS_OUT_OF_ORDER } from '../database/served-tenants.js';
import { sql } from '../database/sql.js';
import { NAMED_TENANTS, OTHER } from './tenant-labels.js';

interface Waiting {
  readonly tenant: string;
  readonly type: string;
  readonly depth: number;
  /** Seconds since the oldest was created. */
  readonly age: number;
}

interface JobAge {
  readonly job: string;
  readonly age: number | null;
  readonly failed: boolean;
}

/** The tenants with the longest queues have figures of their own. */
const WAITING = sql<Waiting>`
  WITH waiting AS MATERIALIZED (
    SELECT schema_name, event_type, depth, oldest FROM public.waiting_events()
  ), named AS (
    SELECT schema_name AS name FROM waiting GROUP BY schema_name ORDER BY sum(depth) DESC, schema_name LIMIT ${NAMED_TENANTS}
  )
  SELECT coalesce(name, ${OTHER}) AS tenant, event_type AS type, sum(depth)::float8 AS depth,
         extract(epoch FROM clock_timestamp() - min(oldest))::float8 AS age
  FROM waiting LEFT JOIN named ON name = schema_name
  GROUP BY 1, 2`;

/** Active tenants that cannot be served: the first hundred counted one by one, the others together. */
const OUT_OF_ORDER = sql<{ tenant: string; count: number }>`
  SELECT coalesce(CASE WHEN place <= ${NAMED_TENANTS} THEN name END, ${OTHER}) AS tenant, count(*)::integer AS count
  FROM (
    SELECT t.schema_name AS name, row_number() OVER (ORDER BY t.id) AS place FROM public.tenants_tenant t
    WHERE ${TENANT_IS_OUT_OF_ORDER}
  ) t
  GROUP BY 1`;

const JOBS = sql<JobAge>`
  SELECT job, extract(epoch FROM now() - last_finished_at)::float8 AS age, last_error IS NOT NULL AS failed
  FROM public.job_run`;

/** Metrics that the database provides for all processes together; every process exports the same. */
export class DatabaseMetrics {
  readonly #depth: Gauge;
  readonly #oldest: Gauge;
  readonly #finished: Gauge;
  readonly #failed: Gauge;
  readonly #outOfOrder: Gauge;
  readonly #oldTransaction: Gauge;

  constructor(
    registry: Registry,
    private readonly database: Database,
    /** Further cells; a figure of one has its name as a label. */
    private readonly cells: ReadonlyMap<string, Database> = new Map(),
  ) {
    const gauge = (name: string, help: string, labelNames: string[]) =>
      new Gauge({
        name: `leopard_${name}`,
        help,
        labelNames: [...labelNames, 'cell'],
        registers: [registry],
      });
    this.#depth = gauge('event_queue_depth', 'Domain events that wait.', ['tenant', 'type']);
    this.#oldest = gauge('event_queue_oldest_seconds', 'For how long the oldest waits.', ['tenant', 'type']);
    this.#finished = gauge('job_finished_seconds', 'How long ago a scheduled job ended last.', ['job']);
    this.#failed = gauge('job_failed', '1 when something went wrong in the last run of a scheduled job.', [
      'job',
    ]);
    this.#outOfOrder = gauge(
      'tenants_out_of_order',
      'Tenants that are answered 503: migrations are pending, or schema or role are missing.',
      ['tenant'],
    );
    this.#oldTransaction = gauge(
      'database_old_transaction_seconds',
      'For how long the oldest transactions have been open, from five minutes on.',
      ['pid', 'user', 'application'],
    );
  }

  /** Queries the database. Before the first answer, and without one, the figures are omitted. */
  async refresh(): Promise<void> {
    for (const gauge of [this.#depth, this.#oldest, this.#finished, this.#failed, this.#outOfOrder])
      gauge.reset();
    this.#oldTransaction.reset();
    // One cell that does not answer takes nothing from the others' figures.
    const cells = [...this.cells].map(([cell, database]) =>
      this.#read(database, { cell }).catch(() => undefined),
    );
    await this.#read(this.database, {});
    await Promise.all(cells);
  }

  async #read(database: Database, place: { readonly cell?: string }): Promise<void> {
    const [waiting, jobs, troubled, old] = await Promise.all([
      database.publicQuery(WAITING),
      database.publicQuery(JOBS),
      database.publicQuery(OUT_OF_ORDER),
      database.publicQuery(oldTransactions()),
    ]);
    for (const { tenant, type, depth, age } of waiting) {
      this.#depth.set({ ...place, tenant, type }, depth);
      this.#oldest.set({ ...place, tenant, type }, age);
    }
    for (const { pid, user, application, seconds } of old) {
      this.#oldTransaction.set(
        { ...place, pid: String(pid ?? 'prepared'), user, application },
        seconds ?? Number.NaN,
      );
    }
    for (const { tenant, count } of troubled) this.#outOfOrder.set({ ...place, tenant }, count);
    for (const { job, age, failed } of jobs) {
      if (age !== null) this.#finished.set({ ...place, job }, age);
      this.#failed.set({ ...place, job }, failed ? 1 : 0);
    }
  }
}
