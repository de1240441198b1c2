import { type JobHelpers, Logger, type Runner, run, runMigrations } from 'graphile-worker';
import pg from 'pg';
import type { ConnectionSettings } from '../../src/config/config.js';
import { answerCalls } from '../child.js';

/** The job's data on its event: as much as Leopard's worker reads of it. */
interface Payload {
  readonly event: number;
  readonly client: number;
  readonly assignee: number;
  readonly created: string;
}

const SCHEMA = 'tenant_main';
/** A line for each job would cost time. */
const logger = new Logger(() => () => undefined);
let runner: Runner | undefined;

function openPool(settings: ConnectionSettings, max: number): pg.Pool {
  const pool = new pg.Pool({ ...settings, max });
  pool.on('error', (error) => console.error(error.message));
  pool.on('connect', (client) => client.on('error', () => undefined)); // the pool reports it
  return pool;
}

/** Queues one job for each waiting event, instead of Leopard's queue. */
async function prepare({ settings }: { settings: ConnectionSettings }): Promise<void> {
  const pool = openPool(settings, 2);
  try {
    await runMigrations({ pgPool: pool, logger });
    await pool.query('TRUNCATE public.event_queue, graphile_worker._private_jobs');
    await pool.query(`
      SELECT count(*) FROM graphile_worker.add_jobs((
        SELECT array_agg(ROW('handle', json_build_object('event', id, 'client', entity_id, 'created', created_at,
          'assignee', current_state -> 'assigned_to'), NULL, NULL, NULL, NULL, NULL, NULL)::graphile_worker.job_spec)
        FROM ${SCHEMA}.immigration_event))`);
    await pool.query('VACUUM (ANALYZE) graphile_worker._private_jobs');
  } finally {
    await pool.end();
  }
}

interface Start {
  readonly settings: ConnectionSettings;
  readonly concurrency: number;
  readonly batched: boolean;
}

async function start({ settings, concurrency, batched }: Start): Promise<void> {
  const pool = openPool(settings, concurrency + 2);
  runner = await run({
    pgPool: pool,
    concurrency,
    logger,
    noHandleSignals: true,
    taskList: { handle: (payload, helpers) => handle(payload as Payload, helpers) },
    ...(batched && {
      preset: {
        worker: {
          concurrentJobs: concurrency,
          localQueue: { size: 500 },
          completeJobBatchDelay: 0,
          failJobBatchDelay: 0,
        },
      },
    }),
  });
  runner.events.on('stop', () => pool.end());
}

/** Writes the rows of Leopard's two handlers for the event, and its status, in a transaction. */
async function handle({ event, client, assignee, created }: Payload, { withPgClient }: JobHelpers) {
  await withPgClient(async (connection) => {
    await connection.query('BEGIN');
    try {
      const { rows } = await connection.query({
        name: 'names',
        text: `SELECT c.first_name || ' ' || c.last_name AS client, u.username AS assignee
          FROM ${SCHEMA}.immigration_client c, ${SCHEMA}.immigration_user u WHERE c.id = $1 AND u.id = $2 AND u.is_active`,
        values: [client, assignee],
      });
      const [names] = rows;
      await connection.query({
        name: 'activity',
        text: `INSERT INTO ${SCHEMA}.immigration_clientactivity (client_id, activity_type, description, metadata, created_at)
          VALUES ($1, 'ASSIGNED', $2, $3, $4)`,
        values: [
          client,
          `Client assigned to ${names.assignee}`,
          JSON.stringify({ assigned_to: assignee, event_id: event, changed_fields: ['assigned_to'] }),
          created,
        ],
      });
      await connection.query({
        name: 'notification',
        text: `INSERT INTO ${SCHEMA}.immigration_notification (notification_type, title, message, meta_info, assigned_to_id)
          VALUES ('CLIENT_ASSIGNED', 'Client assigned', $1, $2, $3)`,
        values: [
          `Client ${names.client} has been assigned to you`,
          JSON.stringify({ event_id: event, client_id: client }),
          assignee,
        ],
      });
      await connection.query({
        name: 'event',
        text: `UPDATE ${SCHEMA}.immigration_event SET status = 'COMPLETED', processed_at = clock_timestamp(), handler_results = $2
          WHERE id = $1`,
        values: [
          event,
          JSON.stringify({
            client_activity: { status: 'SUCCESS', message: 'timeline: ASSIGNED' },
            notification: { status: 'SUCCESS', message: 'notified' },
          }),
        ],
      });
      await connection.query('COMMIT');
    } catch (error) {
      await connection.query('ROLLBACK');
      throw error;
    }
  });
}

async function stop(): Promise<void> {
  await runner?.stop();
}

const calls = { prepare, start, stop };
export type GraphileCalls = typeof calls;
answerCalls(calls);
