import type { Command } from 'commander';
import { listTenants } from '../tenancy/tenant-list.js';
import type { CliContext } from './context.js';
import { addRegister } from './register-tenant.js';
import { tenantLines, tenantToJson } from './shown-tenant.js';
import { addActivate, addSet, addSuspend } from './tenant-changes.js';
import { addDeregister, addSetDeadlineAlerts, addSetTimeZone } from './tenant-commands.js';
import { addDomains } from './tenant-domains.js';
import { withTables } from './with-tables.js';

/** Registers `leopard tenants create|list|suspend|activate|set|set-time-zone|set-deadline-alerts|domains|delete`. */
export function registerTenants(program: Command, context: CliContext): void {
  const tenants = program.command('tenants').description('create, list, set up, suspend and delete tenants');
  addRegister(tenants.command('create'), context);
  tenants
    .command('list')
    .description('list all tenants')
    .option('--json', 'print JSON')
    .action(({ json }: { json?: boolean }) =>
      withTables(context, async ({ database }) => {
        const list = await listTenants(database);
        if (json) context.print(JSON.stringify(list.map(tenantToJson), null, 2));
        else if (list.length === 0)
          context.print(`there is no tenant yet; create one: ${context.invocation} tenants create`);
        else for (const line of tenantLines(list)) context.print(line);
      }),
    );
  addSuspend(tenants.command('suspend'), context);
  addActivate(tenants.command('activate'), context);
  addSet(tenants.command('set'), context);
  addSetTimeZone(tenants.command('set-time-zone'), context);
  addSetDeadlineAlerts(tenants.command('set-deadline-alerts'), context);
  addDomains(tenants, context);
  addDeregister(tenants.command('delete'), context);
}
