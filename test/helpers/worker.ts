import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { Database } from '../../src/database/database.js';
import { Listener } from '../../src/database/listener.js';
import { EVENTS } from '../../src/events/config.js';
import type { Handler } from '../../src/events/handlers/handler.js';
import { HANDLERS, type Handlers } from '../../src/events/handlers/registry.js';
import type { EventsConfig, EventTypeConfig, TaskConfig } from '../../src/events/types.js';
import { Dispatcher, type DispatcherOptions } from '../../src/events/worker/dispatcher.js';
import { type TestDatabase, testDatabase } from './database.js';
import { seedStaff } from './staff.js';
import { type Row, tenantSql } from './tenant-sql.js';

export type { Row };

export interface WorkerTest {
  readonly databases: TestDatabase;
  readonly database: Database;
  /** Runs a statement as the server's superuser; tables of tenant_main need no schema. */
  sql(text: string, values?: unknown[]): Promise<Row[]>;
  /** Starts a dispatcher with connections of its own. */
  start(options?: WorkerOptions): Promise<RunningDispatcher>;
  /** Waits until this holds. */
  until(what: () => Promise<boolean> | boolean, within?: number): Promise<void>;
  /** Waits until no event is waiting in tenant_main. */
  drained(within?: number): Promise<void>;
  /** Stops the dispatchers that run. */
  stopAll(): Promise<void>;
  /** Removes events, the timeline, notifications and tasks of tenant_main, and all pauses. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

export interface WorkerOptions extends DispatcherOptions {
  readonly config?: EventsConfig;
}

interface RunningDispatcher {
  readonly dispatcher: Dispatcher;
  readonly database: Database;
  stop(within?: number): Promise<boolean>;
}

/** Creates a database with STAFF in tenant_main, on which dispatchers can be run. */
export async function workerTest(): Promise<WorkerTest> {
  const databases = await testDatabase();
  const database = new Database(databases.app, { size: 3 });
  await seedStaff({ database });
  const running = new Set<RunningDispatcher>();
  const sql = (text: string, values?: unknown[]) => tenantSql(databases.admin, text, values);
  const until = async (what: () => Promise<boolean> | boolean, within = 30_000) => {
    const late = performance.now() + within;
    while (!(await what())) {
      if (performance.now() > late) throw new Error(`not within ${within} ms: ${what}`);
      await pause(20);
    }
  };
  const stopAll = async () => {
    for (const handle of [...running]) await handle.stop();
  };
  return {
    databases,
    database,
    sql,
    until,
    async start({ config = EVENTS, ...options } = {}) {
      const own = new Database(databases.app, { size: (options.concurrency ?? 1) + 1 });
      const listener = new Listener(databases.app);
      const dispatcher = new Dispatcher(own, listener, config, options);
      await listener.start();
      dispatcher.start();
      const handle: RunningDispatcher = {
        dispatcher,
        database: own,
        async stop(within) {
          running.delete(handle);
          const finished = await dispatcher.stop(within);
          await listener.close();
          await own.close();
          return finished;
        },
      };
      running.add(handle);
      return handle;
    },
    drained: (within) =>
      until(async () => {
        const rows = await sql(`SELECT FROM public.event_queue WHERE schema_name = 'tenant_main' LIMIT 1`);
        return rows.length === 0;
      }, within),
    async clear() {
      await sql(`DELETE FROM immigration_clientactivity; DELETE FROM immigration_task; DELETE FROM immigration_event;
        DELETE FROM immigration_notification; DELETE FROM public.event_queue; DELETE FROM public.event_pause;
        UPDATE public.immigration_event_processing_control SET is_paused = false`);
    },
    stopAll,
    async close() {
      await stopAll();
      await database.close();
      await databases.drop();
    },
  };
}

/** Gives a file's tests one WorkerTest, cleared before each of them; the dispatchers that a test started end with it. */
export function useWorkerTest(take: (test: WorkerTest) => void): void {
  let test: WorkerTest;
  beforeAll(async () => {
    test = await workerTest();
    take(test);
  });
  afterAll(() => test?.close());
  beforeEach(() => test.clear());
  afterEach(() => test.stopAll());
}

/** The type of the events that `addEvents` adds. */
export const STAGE = 'Client.stage.UPDATE';

/** Starts a dispatcher whose events are handled by `handle`, configured by `type`. */
export async function startHandling(
  test: WorkerTest,
  handle: Handler<TaskConfig>['handle'],
  type: EventTypeConfig = handledBy(1),
  options: WorkerOptions = {},
): Promise<RunningDispatcher> {
  const config = eventsConfig({ [STAGE]: type });
  return await test.start({ config, handlers: handlersWith(handle), pollMs: 100, ...options });
}

/** Returns the events of tenant_main in order, with the seconds until each is due. */
export async function eventsWithQueue(test: Pick<WorkerTest, 'sql'>): Promise<Row[]> {
  return await test.sql(`
    SELECT e.id::integer, e.status, e.retry_count AS retries, e.error_message AS error, e.handler_results AS results,
      e.processed_at IS NOT NULL AS processed, extract(epoch FROM q.due_at - e.updated_at)::float8 AS wait,
      extract(epoch FROM q.due_at - clock_timestamp())::float8 AS left
    FROM immigration_event e LEFT JOIN public.event_queue q ON q.schema_name = 'tenant_main' AND q.event_id = e.id
    ORDER BY e.id`);
}

/**
 * Makes every waiting event due at once. Rows that a worker has claimed are left alone: waiting for several of them at
 * once can end in a deadlock.
 */
export async function makeDue(test: Pick<WorkerTest, 'sql'>): Promise<void> {
  await test.sql(`UPDATE public.event_queue SET due_at = now() WHERE (schema_name, event_id) IN (
    SELECT schema_name, event_id FROM public.event_queue FOR UPDATE SKIP LOCKED)`);
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

/** Returns the shipped configuration with these events instead of its own. */
export function eventsConfig(events: Readonly<Record<string, EventTypeConfig>>): EventsConfig {
  return { ...EVENTS, events };
}

/** Returns an event whose handlers are `task` as often as given, which `handlersWith` replaces. */
export function handledBy(times: number, options: Partial<EventTypeConfig> = {}): EventTypeConfig {
  const config: TaskConfig = { title_template: '', detail_template: '' };
  return {
    handlers: Array.from({ length: times }, () => ({ handler: 'task' as const, config })),
    ...options,
  };
}

/** Returns the shipped handlers with `task` replaced. */
export function handlersWith(handle: Handler<TaskConfig>['handle']): Handlers {
  return { ...HANDLERS, task: { handle } };
}

/** Inserts events into a tenant as the capture does: event `n` of `count` is of record `1 + n % records`. */
export async function addEvents(
  test: Pick<WorkerTest, 'sql'>,
  count: number,
  { type = STAGE, records = count, schema = 'tenant_main' } = {},
): Promise<void> {
  await test.sql(
    `WITH made AS (
       INSERT INTO ${schema}.immigration_event
         (event_type, entity_type, entity_id, tenant_schema, action, previous_state, current_state, changed_fields)
       SELECT $1::text, split_part($1::text, '.', 1), 1 + n % $3::integer, $4::text, 'UPDATE', '{"stage": "LEAD"}', '{"stage": "CLIENT"}',
         '["stage"]'
       FROM generate_series(0, $2::integer - 1) n ORDER BY n
       RETURNING id, event_type, entity_type, entity_id
     ), queued AS (
       INSERT INTO public.event_queue (schema_name, event_id, event_type, entity_type, entity_id)
       SELECT $4::text, id, event_type, entity_type, entity_id FROM made RETURNING 1
     )
     SELECT pg_notify('leopard_events', '') FROM queued LIMIT 1`,
    [type, count, records, schema],
  );
}

/** Records each handling of an event as a notification without assignee, so that duplicates show. */
export const noteHandling: Handler<TaskConfig>['handle'] = async ({ event }, transaction) => {
  await transaction.query({
    sql: `INSERT INTO immigration_notification (meta_info) VALUES (jsonb_build_object('event_id', $1::bigint))`,
    parameters: [event.id],
  });
  return { status: 'SUCCESS', message: 'noted' };
};

/** Returns how often events of tenant_main were handled by noteHandling: events by number of times. */
export async function timesHandled(test: Pick<WorkerTest, 'sql'>): Promise<Record<number, number>> {
  const rows = await test.sql(`
    SELECT times, count(*)::integer AS events FROM (
      SELECT (SELECT count(*)::integer FROM immigration_notification n WHERE (n.meta_info ->> 'event_id')::bigint = e.id) AS times
      FROM immigration_event e) each GROUP BY times`);
  return Object.fromEntries(rows.map(({ times, events }) => [times, events]));
}
