import { type Command, Option } from 'commander';
import { setUpRoles } from '../auth/role-grants.js';
import { shortName } from '../tenancy/tenant-name.js';
import { chosenSchemas } from './chosen-schemas.js';
import { UsageError } from './cli-error.js';
import type { CliContext } from './context.js';
import { withTables } from './with-tables.js';

interface SetupOptions {
  readonly tenant?: string;
  readonly all?: boolean;
}

/** Adds `leopard setup_role_permissions`, which resets the four groups to their default grants. */
export function addSetupRolePermissionsCommand(program: Command, context: CliContext): void {
  program
    .command('setup_role_permissions')
    .description("create a tenant's four groups and set their grants to the defaults")
    .option('--tenant <tenant>', 'short name or schema')
    .addOption(new Option('--all', 'every tenant').conflicts('tenant'))
    .action((options: SetupOptions) => setUp(context, options));
}

async function setUp(context: CliContext, { tenant, all }: SetupOptions): Promise<void> {
  if (tenant === undefined && !all) throw new UsageError('give --tenant or --all');
  await withTables(context, async ({ database }) => {
    const schemas = await chosenSchemas(context, database, tenant);
    for (const schema of schemas) {
      const grants = await setUpRoles(database, schema);
      const shown = grants.map(({ role, granted, added, removed }) => {
        const changes = [added && `${added} added`, removed && `${removed} taken away`].filter(Boolean);
        return `${role} ${granted}${changes.length > 0 ? ` (${changes.join(', ')})` : ''}`;
      });
      context.print(`${shortName(schema)}: ${shown.join(', ')}`);
    }
    if (schemas.length === 0) context.print('there is no tenant');
  });
}
