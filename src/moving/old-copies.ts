import { inTransaction, type OwnerClient } from '../database/owner.js';
import { dropTenantRole } from '../database/roles.js';
import { checkSchemaName, quoteIdentifier } from '../database/schema-name.js';
import { lockTenants } from '../schema/locking.js';
import { KEPT_UNTIL, REMARK } from './examine.js';

/** Number of copies removed in one run. */
const AT_A_TIME = 20;

// A schema that a tenant lives in again has no such remark; asked all the same, since nothing brings it back.
const OLD = `
  SELECT n.nspname AS schema FROM pg_catalog.pg_namespace n
  CROSS JOIN LATERAL (SELECT obj_description(n.oid, 'pg_namespace') AS remark) r
  WHERE starts_with(remark, $1) AND split_part(remark, $2, 2) <> ''
    AND split_part(remark, $2, 2)::timestamptz <= now()
    AND NOT EXISTS (SELECT FROM public.tenants_tenant t WHERE t.schema_name = n.nspname AND t.cell IS NULL)`;

/** Returns the schemas that tenants have left for another cell and that need not be kept any longer. */
export async function oldCopies(client: OwnerClient): Promise<string[]> {
  const { rows } = await client.query<{ schema: string }>(`${OLD} ORDER BY 1 LIMIT ${AT_A_TIME}`, [
    REMARK,
    KEPT_UNTIL,
  ]);
  return rows.map(({ schema }) => schema);
}

/** Removes a schema that a tenant has left, unless it came back. */
export async function removeOldCopy(client: OwnerClient, schema: string): Promise<void> {
  await inTransaction(client, async () => {
    await lockTenants(client, schema);
    const { rowCount } = await client.query(`${OLD} AND n.nspname = $3`, [REMARK, KEPT_UNTIL, schema]);
    if (rowCount === 0) return;
    await client.query(`DROP SCHEMA ${quoteIdentifier(checkSchemaName(schema))} CASCADE`);
    await dropTenantRole(client, schema);
  });
}
