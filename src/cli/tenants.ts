import type { Command } from 'commander';
import { type ListedTenant, listTenants } from '../tenancy/tenant-list.js';
import { shortName } from '../tenancy/tenant-name.js';
import type { CliContext } from './context.js';
import { formatTable } from './table.js';
import { addDeregister, addRegister, addSetDeadlineAlerts, addSetTimeZone } from './tenant-commands.js';
import { withTables } from './with-tables.js';

/** `leopard tenants create|list|set-time-zone|set-deadline-alerts|delete`. */
export function registerTenants(program: Command, context: CliContext): void {
  const tenants = program.command('tenants').description('create, list, set up and delete tenants');
  addRegister(tenants.command('create'), context);
  tenants
    .command('list')
    .description('list all tenants')
    .option('--json', 'print JSON')
    .action(({ json }: { json?: boolean }) =>
      withTables(context, async ({ database }) => {
        const list = await listTenants(database);
        if (json) context.print(JSON.stringify(list.map(toJson), null, 2));
        else for (const line of lines(list)) context.print(line);
      }),
    );
  addSetTimeZone(tenants.command('set-time-zone'), context);
  addSetDeadlineAlerts(tenants.command('set-deadline-alerts'), context);
  addDeregister(tenants.command('delete'), context);
}

function toJson(tenant: ListedTenant) {
  return {
    id: tenant.id,
    tenant: shortName(tenant.schema),
    schema_name: tenant.schema,
    name: tenant.name,
    subscription_status: tenant.status,
    is_active: tenant.isActive,
    max_users: tenant.maxUsers,
    time_zone: tenant.timeZone,
    created_at: tenant.createdAt,
    domains: tenant.domains.map(({ domain, isPrimary }) => ({ domain, is_primary: isPrimary })),
  };
}

function lines(list: readonly ListedTenant[]): string[] {
  if (list.length === 0) return ['there is no tenant yet; create one: leopard tenants create'];
  return formatTable(
    ['TENANT', 'NAME', 'STATUS', 'DOMAINS'],
    list.map(({ schema, name, status, isActive, domains }) => [
      shortName(schema),
      name,
      isActive ? status : `${status}, switched off`,
      domains.map(({ domain }) => domain).join(' '),
    ]),
  );
}
