import type { Command } from 'commander';
import { listTenants } from '../tenancy/tenant-list.js';
import type { CliContext } from './context.js';
import { tenantLines, tenantToJson } from './shown-tenant.js';
import { withTables } from './with-tables.js';

/** Adds `leopard tenants` with its subcommand `list` alone: the others load ten times as much. */
export function addTenantsListAlone(program: Command, context: CliContext): void {
  addListCommand(program.command('tenants').command('list'), context);
}

/** Adds `leopard tenants list`. */
export function addListCommand(command: Command, context: CliContext): void {
  command
    .description('list all tenants')
    .option('--json', 'print JSON')
    .action(({ json }: { json?: boolean }) =>
      withTables(context, async ({ database }) => {
        const list = await listTenants(database);
        context.show(json, list.map(tenantToJson), () =>
          list.length === 0
            ? [`there is no tenant yet; create one: ${context.invocation} tenants create`]
            : tenantLines(list),
        );
      }),
    );
}
