import type { Database } from '../database/database.js';
import { sql } from '../database/sql.js';
import type { Statement } from '../database/statement.js';
import { TENANT_TROUBLE } from '../database/tenant-trouble.js';
import { TenantNotFoundError } from './new-tenant.js';
import { schemaOf } from './tenant-name.js';
import { TIME_ZONE_OF_TENANT } from './time-zone.js';

/** A tenant as operators see it. */
export interface ListedTenant {
  readonly id: number;
  readonly schema: string;
  readonly name: string;
  readonly status: string;
  readonly isActive: boolean;
  /** The reason why it is answered 503 although it is active; null if it is served. */
  readonly trouble: string | null;
  readonly maxUsers: number;
  readonly contactEmail: string | null;
  readonly contactPhone: string | null;
  /** IANA name, from the tenant's settings. */
  readonly timeZone: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  /** The primary one first. */
  readonly domains: readonly { readonly domain: string; readonly isPrimary: boolean }[];
}

/** Returns all tenants, in the order in which they were created. */
export async function listTenants(database: Database): Promise<ListedTenant[]> {
  return await database.publicQuery(tenantsWhere(null));
}

/**
 * Finds the tenant with this short name or schema.
 * @throws TenantNotFoundError; PlainError for a text that can be neither
 */
export async function findTenant(database: Database, tenant: string): Promise<ListedTenant> {
  const schema = schemaOf(tenant);
  const [found] = await database.publicQuery(tenantsWhere(schema));
  if (!found) throw new TenantNotFoundError(schema);
  return found;
}

function tenantsWhere(schema: string | null): Statement<ListedTenant> {
  return sql`
    SELECT t.id, t.schema_name AS schema, t.name, t.subscription_status AS status, t.is_active AS "isActive",
            ${TENANT_TROUBLE} AS trouble,
            t.max_users AS "maxUsers", t.contact_email AS "contactEmail", t.contact_phone AS "contactPhone",
            ${TIME_ZONE_OF_TENANT} AS "timeZone",
            to_char(t.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS "createdAt",
            coalesce((SELECT json_agg(json_build_object('domain', d.domain, 'isPrimary', d.is_primary)
                                      ORDER BY d.is_primary DESC, d.id)
                      FROM public.tenants_domain d WHERE d.tenant_id = t.id), '[]') AS domains
     FROM public.tenants_tenant t
     WHERE ${schema === null ? sql`true` : sql`t.schema_name = ${schema}`}
     ORDER BY t.id`;
}
