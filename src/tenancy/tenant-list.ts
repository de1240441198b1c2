import type { Database } from '../database/database.js';
import { TENANT_LIVES_HERE } from '../database/served-tenants.js';
import { type Sql, sql } from '../database/sql.js';
import type { Statement } from '../database/statement.js';
import { TENANT_TROUBLE } from '../database/tenant-trouble.js';
import { withOwnStates } from './cell-states.js';
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
  /** The moment since which it is deleted, in ISO 8601, UTC; null when it is not. */
  readonly deletedAt: string | null;
  /** The moment from which it is removed for good; null for never, or when it is not deleted. */
  readonly purgeAt: string | null;
  /** The cell in which it lives; null for the catalogue's own database. */
  readonly cell: string | null;
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
  return await withOwnStates(database, await database.publicQuery(tenantsWhere(null)));
}

/**
 * Finds the tenant with this short name or schema.
 * @throws TenantNotFoundError; PlainError for a text that can be neither
 */
export async function findTenant(database: Database, tenant: string): Promise<ListedTenant> {
  const schema = schemaOf(tenant);
  const [found] = await withOwnStates(database, await database.publicQuery(tenantsWhere(schema)));
  if (!found) throw new TenantNotFoundError(schema);
  return found;
}

const iso = (moment: Sql<unknown>) =>
  sql<string>`to_char(${moment} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`;

function tenantsWhere(schema: string | null): Statement<ListedTenant> {
  return sql`
    SELECT t.id, t.schema_name AS schema, t.name, t.subscription_status AS status, t.is_active AS "isActive",
            CASE WHEN ${TENANT_LIVES_HERE} THEN ${TENANT_TROUBLE} END AS trouble, t.cell,
            ${iso(sql`x.deleted_at`)} AS "deletedAt", ${iso(sql`x.purge_at`)} AS "purgeAt",
            t.max_users AS "maxUsers", t.contact_email AS "contactEmail", t.contact_phone AS "contactPhone",
            ${TIME_ZONE_OF_TENANT} AS "timeZone",
            ${iso(sql`t.created_at`)} AS "createdAt",
            coalesce((SELECT json_agg(json_build_object('domain', d.domain, 'isPrimary', d.is_primary)
                                      ORDER BY d.is_primary DESC, d.id)
                      FROM public.tenants_domain d WHERE d.tenant_id = t.id), '[]') AS domains
     FROM public.tenants_tenant t LEFT JOIN public.tenant_deletion x ON x.schema_name = t.schema_name
     WHERE ${schema === null ? sql`true` : sql`t.schema_name = ${schema}`}
     ORDER BY t.id`;
}
