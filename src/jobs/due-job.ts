import { inBatches } from '../database/in-batches.js';
import { TENANT_IS_SERVED } from '../database/served-tenants.js';
import { type Statement, statement } from '../database/statement.js';
import { jittered } from '../platform/jitter.js';
import { TIME_ZONE_OF_TENANT } from '../tenancy/time-zone.js';
import type { Job, JobRun, JobSettings } from './job.js';
import { overTenants } from './over-tenants.js';

/** The moment that counts as now for a statement of a due job: its first parameter, or the transaction's own time. */
export const NOW = 'coalesce($1::timestamptz, now())';

/** A job whose work at a tenant falls due at times that the tenant's own records name. */
export interface DueJob {
  readonly name: string;
  readonly summary: string;
  readonly every: number;
  /** Returns what due times depend on besides the records; null for the tenant's settings. */
  basis(settings: JobSettings): string | null;
  /** An SQL text over a tenant `t` for what its settings say; its time zone by default. */
  readonly tenantBasis?: string;
  /** Converts the stored basis into the statements' second parameter. */
  usableBasis(basis: string): string;
  /**
   * The statement that does what is due: `$1` the moment, `$2` the basis, `$3` the maximum number; returns one row with
   * `done`.
   */
  readonly doDue: string;
  /** The expression for the next due time, null for never: `$1` the moment, `$2` the basis. */
  readonly nextDue: string;
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
const dueTenants = (basis: string) => `
  SELECT t.schema_name AS schema, b.basis
  FROM public.tenants_tenant t
  CROSS JOIN LATERAL (SELECT coalesce($2::text, ${basis}) AS basis) b
  LEFT JOIN public.job_tenant j ON j.job = $1 AND j.schema_name = t.schema_name
  WHERE ${TENANT_IS_SERVED} AND ($3::text IS NULL OR t.schema_name = $3)
    AND ($4 OR j.job IS NULL OR j.next_at <= now() OR j.basis <> b.basis
         OR EXISTS (SELECT FROM public.job_change c WHERE c.job = $1 AND c.schema_name = t.schema_name))
  ORDER BY j.next_at NULLS FIRST`;

/** Returns the job as the scheduler runs it. */
export function dueJob(job: DueJob): Job {
  const { name, summary, every, tenantBasis = TIME_ZONE_OF_TENANT } = job;
  const looking = dueTenants(tenantBasis);
  return {
    name,
    summary,
    every,
    async run(run) {
      const { database, settings, schema, everywhere, signal } = run;
      const parameters = [name, job.basis(settings), schema, everywhere];
      const tenants = await database.publicQuery(statement<DueTenant>(looking, parameters));
      return await overTenants(tenants, signal, (tenant) => lookAt(job, run, tenant));
    },
  };
}

/** Processes what is due at one tenant and stores when to examine it next; both in one transaction, batch by batch. */
async function lookAt(job: DueJob, run: JobRun, { schema, basis }: DueTenant): Promise<number> {
  const known = [run.moment, job.usableBasis(basis)];
  try {
    return await inBatches(run.database, schema, run, async (transaction, limit) => {
      const [, [row]] = await Promise.all([
        transaction.query(statement('SELECT public.begin_tenant_job($1)', [job.name])),
        transaction.query(statement<{ done: number }>(job.doDue, [...known, limit])),
      ]);
      const done = row?.done ?? 0;
      const mayBeMore = limit !== null && done >= limit;
      await transaction.query(mayBeMore ? lookIn(0, job, basis) : lookWhenDue(job, basis, known));
      return done;
    });
  } catch (error) {
    const later = lookIn(AFTER_FAILURE, job, basis);
    if (!run.dryRun) await run.database.tenantQuery({ schema, userId: null }, later).catch(() => undefined);
    throw error;
  }
}

function lookIn(seconds: number, { name }: DueJob, basis: string): Statement {
  return statement('SELECT public.end_tenant_job($1, now() + make_interval(secs => $2), $3)', [
    name,
    seconds,
    basis,
  ]);
}

function lookWhenDue({ name, nextDue }: DueJob, basis: string, known: readonly unknown[]): Statement {
  return statement(
    `SELECT public.end_tenant_job($3, least(
       greatest(coalesce((${nextDue}), 'infinity'), ${NOW} + make_interval(secs => ${SOONEST})),
       now() + make_interval(secs => $5)), $4)`,
    [...known, name, basis, jittered(LOOK_AGAIN)],
  );
}
