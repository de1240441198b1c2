import type { Database } from '../../database/database.js';
import { statement } from '../../database/statement.js';

const DUE = `
  SELECT DISTINCT q.schema_name AS schema FROM public.client_import_queue q WHERE q.due_at <= now() ORDER BY 1`;

/** The tenants that have an import waiting for a worker, in the order of their names. */
export async function tenantsWithImports(database: Database): Promise<string[]> {
  const rows = await database.publicQuery(statement<{ schema: string }>(DUE));
  return rows.map(({ schema }) => schema);
}
