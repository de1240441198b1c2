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
    deleted_at: tenant.deletedAt,
    purge_at: tenant.purgeAt,
    cell: tenant.cell,
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
    list.map(({ schema, name, status, isActive, trouble, deletedAt, purgeAt, maxUsers, domains }) => [
      shortName(schema),
      name,
      statusInWords({ status, isActive, trouble, deletedAt, purgeAt }),
      String(maxUsers),
      domains.map(({ domain }) => domain).join(' '),
    ]),
  );
}

type Status = Pick<ListedTenant, 'status' | 'isActive' | 'trouble' | 'deletedAt' | 'purgeAt'>;

/** Returns a tenant's status in words. @example 'TRIAL, switched off' */
export function statusInWords({ status, isActive, trouble, deletedAt, purgeAt }: Status): string {
  if (deletedAt !== null)
    return `deleted${purgeAt === null ? '' : `, removed for good on ${purgeAt.slice(0, 10)}`}`;
  const remarks = [...(isActive ? [] : ['switched off']), ...(trouble === null ? [] : ['OUT OF ORDER'])];
  return [status, ...remarks].join(', ');
}
