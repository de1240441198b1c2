import { queryAllCells } from '../../database/all-cells.js';
import type { Database } from '../../database/database.js';
import { type OldTransaction, oldTransactions } from '../../database/old-transactions.js';
import { sql } from '../../database/sql.js';
import { listPauses, type Pause } from './control.js';

/** The waiting events of one tenant and type. */
interface Waiting {
  readonly schema: string;
  readonly type: string;
  readonly count: number;
  /** Number of those due now; the others failed and wait for their retry, or are delayed. */
  readonly due: number;
  /** Seconds since the oldest was created. */
  readonly oldestSeconds: number;
}

/** The events of one tenant and type that failed for good, or were cancelled. */
interface Failed {
  readonly schema: string;
  readonly type: string;
  readonly count: number;
}

export interface EventsStatus {
  readonly pauses: readonly Pause[];
  readonly waiting: readonly Waiting[];
  readonly failed: readonly Failed[];
  /** Number of idle workers that wait for a notice. */
  readonly workersAsleep: number;
  /** Long-open transactions, which make the queue's tables grow. */
  readonly oldTransactions: readonly OldTransaction[];
}

/** Returns the events waiting to be handled, of all tenants or one, from the queue alone. */
async function waitingEvents(database: Database, schema: string | null = null): Promise<Waiting[]> {
  const waiting = sql<Waiting>`
    SELECT w.schema_name AS schema, w.event_type AS type, w.depth::integer AS count, w.due::integer AS due,
      extract(epoch FROM now() - w.oldest)::float8 AS "oldestSeconds"
    FROM public.waiting_events(${schema}) w
    WHERE EXISTS (SELECT FROM public.tenants_tenant t WHERE t.schema_name = w.schema_name AND t.cell IS NULL)
    ORDER BY 1, 2`;
  return await queryAllCells(database, waiting);
}

/** Returns the state of these tenants' events. @param schemas of existing tenants */
export async function eventsStatus(
  database: Database,
  schemas: readonly string[],
  only: string | null = null,
): Promise<EventsStatus> {
  const failed: Failed[] = [];
  for (const schema of schemas) failed.push(...(await failedEvents(database, schema)));
  const workers = await queryAllCells(
    database,
    sql<{
      asleep: number;
    }>`SELECT count(*)::integer AS asleep FROM public.event_sleeper WHERE asleep_since > now() - interval '10 minutes'`,
  );
  return {
    pauses: await listPauses(database),
    waiting: await waitingEvents(database, only),
    failed,
    workersAsleep: workers.reduce((sum, { asleep }) => sum + asleep, 0),
    oldTransactions: await queryAllCells(database, oldTransactions()),
  };
}

async function failedEvents(database: Database, schema: string): Promise<Failed[]> {
  const rows = await database.tenantQuery(
    { schema, userId: null },
    sql<{
      type: string;
      count: number;
    }>`SELECT event_type AS type, count(*)::integer AS count FROM immigration_event
       WHERE status = 'FAILED' GROUP BY 1 ORDER BY 1`,
  );
  return rows.map((row) => ({ schema, ...row }));
}
