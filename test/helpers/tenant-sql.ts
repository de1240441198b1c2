import type { ConnectionSettings } from '../../src/config/config.js';
import { type OwnerClient, withOwner } from '../../src/database/owner.js';

// biome-ignore lint/suspicious/noExplicitAny: rows of every shape
export type Row = Record<string, any>;

/**
 * Runs a statement, or several without values, as the server's superuser and in UTC; the tenant's tables need no schema.
 * @param admin the superuser on the test's database
 */
export function tenantSql(
  admin: ConnectionSettings,
  text: string,
  values?: unknown[],
  schema = 'tenant_main',
): Promise<Row[]> {
  return withOwner(admin, async (client: OwnerClient) => {
    await client.query(`SET search_path TO ${schema}; SET timezone TO 'UTC'`);
    return (await client.query(text, values)).rows;
  });
}
