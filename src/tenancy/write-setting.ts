import type { OwnerClient } from '../database/owner.js';
import { TenantNotFoundError } from './new-tenant.js';

/**
 * Writes one of a tenant's settings, as JSON. Settings that somebody wrote by hand as anything but an object count as
 * none.
 * @throws TenantNotFoundError
 */
export async function writeSetting(
  client: OwnerClient,
  schema: string,
  key: string,
  value: unknown,
): Promise<void> {
  const { rowCount } = await client.query(
    `UPDATE public.tenants_tenant
     SET settings = CASE jsonb_typeof(settings) WHEN 'object' THEN settings ELSE '{}'::jsonb END
           || jsonb_build_object($2::text, $3::jsonb),
         updated_at = now()
     WHERE schema_name = $1`,
    [schema, key, JSON.stringify(value)],
  );
  if (rowCount === 0) throw new TenantNotFoundError(schema);
}
