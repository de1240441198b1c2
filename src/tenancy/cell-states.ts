import type { Database } from '../database/database.js';
import { TENANT_LIVES_HERE } from '../database/served-tenants.js';
import { sql } from '../database/sql.js';
import { TENANT_TROUBLE } from '../database/tenant-trouble.js';
import { TIME_ZONE_OF_TENANT } from './time-zone.js';

/** The facts about a tenant that only its own database knows. */
interface OwnState {
  readonly schema: string;
  readonly trouble: string | null;
  readonly timeZone: string;
}

const STATES = sql<OwnState>`
  SELECT t.schema_name AS schema, ${TENANT_TROUBLE} AS trouble, ${TIME_ZONE_OF_TENANT} AS "timeZone"
  FROM public.tenants_tenant t WHERE ${TENANT_LIVES_HERE}`;

/**
 * Returns the catalogue's tenants with what their own databases say of those that live in further cells. A cell that does
 * not answer is their trouble.
 */
export async function withOwnStates<T extends OwnState & { readonly cell: string | null }>(
  catalogue: Database,
  tenants: readonly T[],
): Promise<T[]> {
  const names = new Set(tenants.flatMap(({ cell }) => cell ?? []));
  const states = new Map(
    await Promise.all([...names].map(async (cell) => [cell, await statesIn(catalogue, cell)] as const)),
  );
  return tenants.map((tenant) => {
    if (tenant.cell === null) return tenant;
    const known = states.get(tenant.cell) as Map<string, OwnState> | string;
    if (typeof known === 'string') return { ...tenant, trouble: known };
    const own = known.get(tenant.schema);
    return own ? { ...tenant, ...own } : { ...tenant, trouble: `the cell ${tenant.cell} has no row of it` };
  });
}

/** Returns the states of a cell's tenants by schema, or why there are none. */
async function statesIn(catalogue: Database, cell: string): Promise<Map<string, OwnState> | string> {
  const database = catalogue.cells?.ofCell(cell);
  if (!database) return `its cell ${cell} is not configured`;
  try {
    const rows = await database.publicQuery(STATES);
    return new Map(rows.map((row) => [row.schema, row]));
  } catch (error) {
    return `its cell ${cell} does not answer: ${(error as Error).message}`;
  }
}
