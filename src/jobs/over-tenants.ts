import { TENANT_IS_SERVED } from '../database/served-tenants.js';
import { sql } from '../database/sql.js';
import { type JobResult, type JobRun, messageOf } from './job.js';

/**
 * Runs work at these tenants, one after the other; a failure at one does not affect the others.
 * @param work returns how much it has done
 */
export async function overTenants<Tenant extends { readonly schema: string }>(
  tenants: readonly Tenant[],
  signal: AbortSignal,
  work: (tenant: Tenant) => Promise<number>,
): Promise<JobResult> {
  const result = { done: 0, tenants: [] as JobResult['tenants'][number][], failures: [] as Failure[] };
  for (const tenant of tenants) {
    if (signal.aborted) break;
    const { schema } = tenant;
    try {
      const done = await work(tenant);
      if (done > 0) result.tenants.push({ schema, done });
      result.done += done;
    } catch (error) {
      result.failures.push({ schema, error: messageOf(error) });
    }
  }
  return result;
}

type Failure = JobResult['failures'][number];

/** Returns the schemas of all tenants that this run serves. */
export async function tenantsOf({ database, schema }: JobRun): Promise<{ schema: string }[]> {
  const wanted = schema === null ? sql`true` : sql`t.schema_name = ${schema}`;
  return await database.publicQuery(sql<{ schema: string }>`
    SELECT t.schema_name AS schema FROM public.tenants_tenant t
    WHERE ${TENANT_IS_SERVED} AND ${wanted} ORDER BY t.id`);
}
