import type { ListedTenant } from '../tenancy/tenant-list.js';
import { shortName } from '../tenancy/tenant-name.js';
import { formatTable } from './table.js';

/** Returns a tenant in the JSON of commands. */
export function tenantToJson(tenant: ListedTenant) {
  return {
    id: tenant.id,
    tenant: shortName(tenant.schema),
    schema_name: tenant.schema,
    name: tenant.name,
    subscription_status: tenant.status,
    is_active: tenant.isActive,
    trouble: tenant.trouble,
    max_users: tenant.maxUsers,
    contact_email: tenant.contactEmail,
    contact_phone: tenant.contactPhone,
    time_zone: tenant.timeZone,
    created_at: tenant.createdAt,
    domains: tenant.domains.map(({ domain, isPrimary }) => ({ domain, is_primary: isPrimary })),
  };
}

/** Formats tenants as a table. */
export function tenantLines(list: readonly ListedTenant[]): string[] {
  return formatTable(
    ['TENANT', 'NAME', 'STATUS', 'MAX USERS', 'DOMAINS'],
    list.map(({ schema, name, status, isActive, trouble, maxUsers, domains }) => [
      shortName(schema),
      name,
      [status, ...(isActive ? [] : ['switched off']), ...(trouble === null ? [] : ['OUT OF ORDER'])].join(
        ', ',
      ),
      String(maxUsers),
      domains.map(({ domain }) => domain).join(' '),
    ]),
  );
}
