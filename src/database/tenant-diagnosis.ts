import { ok, problem, type Result } from './finding.js';
import type { OwnerClient } from './owner.js';
import { LIVES_HERE_IF_KNOWN } from './served-tenants.js';
import { TENANT_TROUBLE } from './tenant-trouble.js';

/** Maximum number of findings that are listed; the others are counted. */
const NAMED = 10;

/** Joins findings of one kind in one line: the first few, and the number of the others. */
export function listed(parts: readonly string[]): string {
  const more = parts.length - NAMED;
  return more > 0 ? `${parts.slice(0, NAMED).join('; ')}; and ${more} more` : parts.join('; ');
}

/** Checks, as each request does, that every tenant can be served. @param client the program's own role */
export async function examineTenants(client: OwnerClient): Promise<Result> {
  const { rows } = await client.query<{ schema: string; trouble: string | null }>(
    `SELECT t.schema_name AS schema, ${TENANT_TROUBLE.sql} AS trouble FROM public.tenants_tenant t
     WHERE ${LIVES_HERE_IF_KNOWN} ORDER BY t.id`,
  );
  const troubled = rows.filter(({ trouble }) => trouble !== null);
  if (rows.length === 0) return ok('there is none yet; create one: leopard register_tenant');
  if (troubled.length === 0)
    return ok(rows.length === 1 ? 'it can be served' : `all ${rows.length} can be served`);
  const names = listed(troubled.map(({ schema, trouble }) => `${schema}: ${trouble}`));
  return problem(
    `${troubled.length} of ${rows.length} are answered 503 (${names}); run: leopard migrate, which repairs it or says why not`,
  );
}
