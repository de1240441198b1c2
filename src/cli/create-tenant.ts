import { type Command, Option } from 'commander';
import { prepareAccount, type StorableAccount } from '../auth/new-account.js';
import { CATALOGUE_COUNTRIES, type CatalogueCountry } from '../catalogues/catalogue.js';
import { createTenant } from '../provisioning/create-tenant.js';
import { SUBSCRIPTION_STATUSES, type SubscriptionStatus } from '../tenancy/new-tenant.js';
import { checkShortName } from '../tenancy/tenant-name.js';
import { passwordFor, warnOfWeakPassword } from './account-options.js';
import { addedInWords } from './catalogue.js';
import { UsageError } from './cli-error.js';
import type { CliContext } from './context.js';
import { withSteps } from './operation-progress.js';
import { ownerSettings } from './owner-settings.js';
import { parseMaxUsers } from './tenant-changes.js';
import { withDatabase } from './with-database.js';

interface AdminOptions {
  readonly adminEmail?: string;
  readonly adminUsername?: string;
  readonly adminPassword?: string;
  readonly adminFirstName?: string;
  readonly adminLastName?: string;
}

interface CreateTenantOptions extends AdminOptions {
  readonly name: string;
  readonly tenant: string;
  readonly domain?: readonly string[];
  readonly status: SubscriptionStatus;
  readonly maxUsers?: number;
  readonly timeZone?: string;
  readonly catalogue: CatalogueCountry | 'none';
  readonly cell?: string;
  readonly json?: boolean;
}

/** Adds the options and the action of creating a tenant to a command. */
export function addCreateTenantCommand(command: Command, context: CliContext): void {
  command
    .description('create a tenant with its domains and, if wanted, its first admin: all or nothing')
    .requiredOption('--name <name>', "the agency's name")
    .requiredOption('--tenant <tenant>', 'its short name; the schema is tenant_ and this')
    .option('--domain <domain...>', 'more domains, beside the two that every tenant gets')
    .addOption(
      new Option('--status <status>', 'its subscription').choices(SUBSCRIPTION_STATUSES).default('TRIAL'),
    )
    .option('--max-users <n>', 'how many active users it may have (default: 50)', parseMaxUsers)
    .option('--time-zone <name>', 'IANA name, such as Australia/Sydney (default: UTC)')
    .addOption(
      new Option('--catalogue <country>', 'visas, levels and fields of study, exams and stages to begin with')
        .choices([...CATALOGUE_COUNTRIES, 'none'])
        .default('none'),
    )
    .option('--cell <name>', 'the database server that it lives on: a name of LEOPARD_CELLS (default: main)')
    .option('--admin-email <email>', 'creates the first admin: superuser and staff, in no group')
    .option('--admin-username <username>', "the admin's log-in name; the e-mail address when not given")
    .option('--admin-password <password>', "the admin's password; better in LEOPARD_PASSWORD")
    .option('--admin-first-name <name>', "the admin's first name")
    .option('--admin-last-name <name>', "the admin's last name")
    .option('--json', 'print JSON')
    .action((options: CreateTenantOptions) => createTenantFromOptions(context, options));
}

async function createTenantFromOptions(context: CliContext, options: CreateTenantOptions): Promise<void> {
  const tenant = checkShortName(options.tenant);
  const admin = await firstAdmin(context, options);
  const config = context.config();
  const { name, domain = [], status, maxUsers, timeZone, catalogue, cell } = options;
  const input = {
    tenant,
    name,
    domains: domain,
    status,
    ...(maxUsers !== undefined && { maxUsers }),
    ...(timeZone !== undefined && { timeZone }),
    ...(catalogue !== 'none' && { catalogue }),
    ...(cell !== undefined && { cell }),
    ...(admin && { admin }),
  };
  const created = await withDatabase(context, (handle) =>
    withSteps(context, (steps) =>
      createTenant({ handle, owner: ownerSettings(handle) }, config, input, steps),
    ),
  );
  if (options.json) {
    const { id, schema, domains, added } = created;
    context.show(
      true,
      { id, tenant, schema_name: schema, name: created.name, domains, catalogue: added },
      () => [],
    );
    return;
  }
  const state = status === 'TRIAL' ? 'on trial' : status.toLowerCase();
  context.print(`tenant ${tenant} is created, ${state}; its schema is ${created.schema}`);
  for (const each of created.domains) context.print(`  ${each}`);
  if (created.added) context.print(`its catalogue (${catalogue}): ${addedInWords(created.added)}`);
  if (admin) context.print(`its admin logs in as ${admin.username}`);
  else
    context.print(
      `nobody can log in yet; create its first user: leopard createsuperuser --schema ${tenant} --email you@example.com`,
    );
}

async function firstAdmin(context: CliContext, options: AdminOptions): Promise<StorableAccount | null> {
  const { adminEmail: email, adminUsername, adminPassword, adminFirstName, adminLastName } = options;
  if (email === undefined) {
    const others = [adminUsername, adminPassword, adminFirstName, adminLastName];
    if (others.every((given) => given === undefined)) return null;
    throw new UsageError('an admin needs --admin-email');
  }
  const username = adminUsername ?? email;
  const password = await passwordFor(context, adminPassword, '--admin-password');
  const account = await prepareAccount({
    ...{ username, email, password },
    ...{ firstName: adminFirstName, lastName: adminLastName },
  });
  warnOfWeakPassword(context, password, { username, email });
  return account;
}
