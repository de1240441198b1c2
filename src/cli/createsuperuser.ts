import type { Command } from 'commander';
import { prepareAccount } from '../auth/new-account.js';
import { createSuperuser } from '../auth/superusers.js';
import { createOperator } from '../provisioning/operators.js';
import { findTenant } from '../tenancy/tenant-list.js';
import { schemaOf } from '../tenancy/tenant-name.js';
import { givenOrAsked, passwordFor, warnOfWeakPassword } from './account-options.js';
import type { CliContext } from './context.js';
import { ownerSettings } from './owner-settings.js';
import { withDatabase } from './with-database.js';
import { withTables } from './with-tables.js';

interface SuperuserOptions {
  readonly schema?: string;
  readonly username?: string;
  readonly email?: string;
  readonly password?: string;
  readonly firstName?: string;
  readonly lastName?: string;
}

/** Adds `leopard createsuperuser`, which creates a user of a tenant with all permissions. */
export function addCreateSuperuserCommand(program: Command, context: CliContext): void {
  program
    .command('createsuperuser')
    .description('create a superuser of a tenant: superuser and staff, in no group')
    .option('--schema <tenant>', "the tenant's schema or short name")
    .option('--email <email>', 'e-mail address')
    .option('--username <username>', 'log-in name; the e-mail address when not given')
    .option('--password <password>', 'password; better in LEOPARD_PASSWORD')
    .option('--first-name <name>', 'as the staff sees it')
    .option('--last-name <name>', 'as the staff sees it')
    .action((options: SuperuserOptions) => createTenantSuperuser(context, options));
}

/** Adds `leopard create_super_super_admin`, which creates an operator of the whole platform. */
export function addCreateOperatorCommand(program: Command, context: CliContext): void {
  program
    .command('create_super_super_admin')
    .description('create an operator of the platform, who has no access to any tenant')
    .option('--email <email>', 'e-mail address')
    .option('--password <password>', 'password; better in LEOPARD_PASSWORD')
    .option('--username <username>', 'log-in name', 'superadmin')
    .action((options: SuperuserOptions & { username: string }) => createPlatformOperator(context, options));
}

async function createTenantSuperuser(context: CliContext, options: SuperuserOptions): Promise<void> {
  const schema = schemaOf(await givenOrAsked(context, options.schema, '--schema', 'Tenant: '));
  const email = await givenOrAsked(context, options.email, '--email', 'E-mail address: ');
  const username =
    options.username ??
    ((context.isInteractive && (await context.ask('Username (empty: the e-mail address): '))) || email);
  const password = await passwordFor(context, options.password);
  const { firstName, lastName } = options;
  const account = await prepareAccount({ username, email, password, firstName, lastName });
  await withTables(context, async ({ database }) => {
    await findTenant(database, schema);
    await createSuperuser(database, schema, account);
  });
  warnOfWeakPassword(context, password, account);
  context.print(`superuser ${account.username} of ${schema} is created`);
}

async function createPlatformOperator(
  context: CliContext,
  options: SuperuserOptions & { readonly username: string },
): Promise<void> {
  const email = await givenOrAsked(context, options.email, '--email', 'E-mail address: ');
  const password = await passwordFor(context, options.password);
  const account = await prepareAccount({ username: options.username, email, password });
  await withDatabase(context, (handle) => createOperator(ownerSettings(handle), account));
  warnOfWeakPassword(context, password, account);
  context.print(`operator ${account.username} is created`);
}
