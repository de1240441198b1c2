import type { Database } from '../../database/database.js';
import { sql } from '../../database/sql.js';
import { mayWorkAt } from '../../events/worker/ready-tenants.js';
import { isDue } from './due.js';

const DUE = sql<{ schema: string }>`
  SELECT DISTINCT q.schema_name AS schema FROM public.client_import_queue q
  WHERE ${isDue(sql`q.due_at`)} AND ${mayWorkAt(sql`q.schema_name`)} ORDER BY 1`;

/** Returns the tenants that have a waiting import and may be served, ordered by name. */
export async function tenantsWithImports(database: Database): Promise<string[]> {
  const rows = await database.publicQuery(DUE);
  return rows.map(({ schema }) => schema);
}
