import type { OwnerClient } from '../database/owner.js';
import { TENANT_IS_ACTIVE } from '../database/served-tenants.js';

export interface RegisteredDomain {
  readonly schema: string;
  readonly domain: string;
  readonly isPrimary: boolean;
}

/** Reads the domains of all active agencies. */
export async function registeredDomains(client: OwnerClient): Promise<RegisteredDomain[]> {
  const { rows } = await client.query<RegisteredDomain>(
    `SELECT t.schema_name AS schema, d.domain, d.is_primary AS "isPrimary"
     FROM public.tenants_tenant t JOIN public.tenants_domain d ON d.tenant_id = t.id
     WHERE ${TENANT_IS_ACTIVE.sql} ORDER BY t.id, d.id`,
  );
  return rows;
}
