import { Database } from '../../src/database/database.js';
import { type OwnerClient, withOwner } from '../../src/database/owner.js';
import type { Job, JobResult, JobRun } from '../../src/jobs/job.js';
import { type TestDatabase, testDatabase } from './database.js';
import { seedStaff } from './staff.js';

export const JOB_SETTINGS = {
  auditRetentionDays: 0,
  securityLog: { retentionDays: 0 },
  tasksDueSoonDefaultDays: 3,
  accounts: { knownDeviceDays: 90 },
  loginFailures: { window: 900 },
};

/** Runs a job once, as the scheduler does. */
export function runJob(database: Database, job: Job, options: Partial<JobRun> = {}): Promise<JobResult> {
  return job.run({
    database,
    settings: JOB_SETTINGS,
    schema: null,
    everywhere: false,
    dryRun: false,
    moment: null,
    signal: new AbortController().signal,
    ...options,
  });
}

export interface JobTest {
  readonly databases: TestDatabase;
  readonly database: Database;
  /** Runs a job on this database, as `runJob` does. */
  run(job: Job, options?: Partial<JobRun>): Promise<JobResult>;
  /** Runs a statement as the server's superuser. */
  sql(text: string, values?: unknown[]): Promise<Record<string, unknown>[]>;
  /** Sets a tenant's time zone, and nothing else in its settings. */
  timeZone(schema: string, zone: string): Promise<void>;
  /** Returns a tenant's notifications, in the order of creation. */
  notifications(schema?: string): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
}

/** Creates a database with STAFF in `tenant_main`, on which jobs can be run. */
export async function jobTest(): Promise<JobTest> {
  const databases = await testDatabase();
  const database = new Database(databases.app, { size: 4 });
  await seedStaff({ database });
  const sql = (text: string, values?: unknown[]) =>
    withOwner(databases.admin, async (client: OwnerClient) => {
      await client.query("SET timezone TO 'UTC'");
      return (await client.query(text, values)).rows;
    });
  return {
    databases,
    database,
    sql,
    run: (job, options) => runJob(database, job, options),
    async timeZone(schema, zone) {
      const settings = JSON.stringify({ time_zone: zone });
      await sql('UPDATE public.tenants_tenant SET settings = $2 WHERE schema_name = $1', [schema, settings]);
    },
    notifications: (schema = 'tenant_main') =>
      sql(
        `SELECT notification_type AS type, title, message, due_date::text AS due, assigned_to_id::integer AS user, meta_info AS meta
         FROM ${schema}.immigration_notification ORDER BY id`,
      ),
    async close() {
      await database.close();
      await databases.drop();
    },
  };
}
