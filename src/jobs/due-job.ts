import { inBatches } from '../database/in-batches.js';
import { TENANT_IS_SERVED } from '../database/served-tenants.js';
import { type Sql, sql } from '../database/sql.js';
import { jittered } from '../platform/jitter.js';
import { TIME_ZONE_OF_TENANT } from '../tenancy/time-zone.js';
import type { Job, JobRun, JobSettings } from './job.js';
import { overTenants } from './over-tenants.js';

/** The values on which the statements of a due job depend. */
export interface DueContext {
  /** The moment that counts as now. */
  readonly now: Sql<string>;
  /** As `usableBasis` returned it. */
  readonly basis: string;
}

/** A job whose work at a tenant falls due at times that the tenant's own records name. */
export interface DueJob {
  readonly name: string;
  readonly summary: string;
  readonly every: number;
  /** Returns what due times depend on besides the records; null for the tenant's settings. */
  basis(settings: JobSettings): string | null;
  /** An SQL text over a tenant `t` for what its settings say; its time zone by default. */
  readonly tenantBasis?: Sql<string>;
  /** Converts the stored basis into the one for the statements. */
  usableBasis(basis: string): string;
  /** Returns the statement that does what is due. @param limit the maximum number; null for no limit */
  doDue(context: DueContext, limit: number | null): Sql<{ done: number }>;
  /** Returns the query for the next due time, null for never. */
  nextDue(context: DueContext): Sql<string | null>;
}

/** Seconds after which a tenant is examined even though nothing is due, give or take a quarter. */
const LOOK_AGAIN = 3_600;
/** Seconds after which to retry what could not be done now, such as a record locked by another transaction. */
const SOONEST = 5;
const AFTER_FAILURE = 300;

interface DueTenant {
  readonly schema: string;
  readonly basis: string;
}

/**
 * Returns the query for the tenants to examine: those whose due time has come, was never computed or from another
 * basis, or where something changed. One statement on two small public tables, however many tenants there are.
 */
const dueTenants = (
  { name, tenantBasis = TIME_ZONE_OF_TENANT, basis }: DueJob,
  run: JobRun,
) => sql<DueTenant>`
  SELECT t.schema_name AS schema, b.basis
  FROM public.tenants_tenant t
  CROSS JOIN LATERAL (SELECT coalesce(${basis(run.settings)}::text, ${tenantBasis}) AS basis) b
  LEFT JOIN public.job_tenant j ON j.job = ${name} AND j.schema_name = t.schema_name
  WHERE ${TENANT_IS_SERVED} AND ${run.schema === null ? sql`true` : sql`t.schema_name = ${run.schema}`}
    AND (${run.everywhere} OR j.job IS NULL OR j.next_at <= now() OR j.basis <> b.basis
         OR EXISTS (SELECT FROM public.job_change c WHERE c.job = ${name} AND c.schema_name = t.schema_name))
  ORDER BY j.next_at NULLS FIRST`;

/** Returns the job as the scheduler runs it. */
export function dueJob(job: DueJob): Job {
  const { name, summary, every } = job;
  return {
    name,
    summary,
    every,
    async run(run) {
      const tenants = await run.database.publicQuery(dueTenants(job, run));
      return await overTenants(tenants, run.signal, (tenant) => lookAt(job, run, tenant));
    },
  };
}

/** Processes what is due at one tenant and stores when to examine it next; both in one transaction, batch by batch. */
async function lookAt(job: DueJob, run: JobRun, { schema, basis }: DueTenant): Promise<number> {
  const now = sql<string>`coalesce(${run.moment}::timestamptz, now())`;
  const context = { now, basis: job.usableBasis(basis) };
  try {
    return await inBatches(run.database, schema, run, async (transaction, limit) => {
      transaction.send(sql`SELECT public.begin_tenant_job(${job.name})`);
      const [row] = await transaction.query(job.doDue(context, limit));
      const done = row?.done ?? 0;
      const mayBeMore = limit !== null && done >= limit;
      transaction.send(mayBeMore ? lookIn(0, job, basis) : lookWhenDue(job, basis, context));
      return done;
    });
  } catch (error) {
    const later = lookIn(AFTER_FAILURE, job, basis);
    if (!run.dryRun) await run.database.tenantQuery({ schema, userId: null }, later).catch(() => undefined);
    throw error;
  }
}

function lookIn(seconds: number, { name }: DueJob, basis: string): Sql {
  return sql`SELECT public.end_tenant_job(${name}, now() + make_interval(secs => ${seconds}), ${basis})`;
}

function lookWhenDue(job: DueJob, basis: string, context: DueContext): Sql {
  return sql`
    SELECT public.end_tenant_job(${job.name}, least(
      greatest(coalesce((${job.nextDue(context)}), 'infinity'), ${context.now} + make_interval(secs => ${SOONEST})),
      now() + make_interval(secs => ${jittered(LOOK_AGAIN)})), ${basis})`;
}
