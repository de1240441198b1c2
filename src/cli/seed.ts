import { Argument, type Command } from 'commander';
import { isExposed, PUBLISHED_LOGINS } from '../config/exposure.js';
import { handleOfTenant } from '../database/cells.js';
import type { DatabaseHandle } from '../database/connections.js';
import { DEMO_LOGINS, type DemoLogin } from '../seed/demo-logins.js';
import { removeTenantFiles } from '../storage/tenant-files.js';
import { TenantExistsError } from '../tenancy/new-tenant.js';
import { findTenant } from '../tenancy/tenant-list.js';
import { shortName } from '../tenancy/tenant-name.js';
import { bringUpToDate } from './bring-up-to-date.js';
import { CliError, UsageError } from './cli-error.js';
import type { CliContext } from './context.js';
import { ownerSettings } from './owner-settings.js';
import type { Progress } from './progress.js';
import { formatTable } from './table.js';
import { withDatabase } from './with-database.js';
import { withTables } from './with-tables.js';

interface SeedDataOptions {
  readonly tenant?: string;
  readonly clear?: boolean;
  readonly force?: boolean;
}

/** Adds `leopard seed demo|contract` and `leopard seed_data`. */
export function addSeedCommand(program: Command, context: CliContext): void {
  program
    .command('seed')
    .description(
      'create the tenants main and demo with a data set: demo, or contract for the recorded examples',
    )
    .addArgument(new Argument('<data-set>').choices(['demo', 'contract']))
    .action((dataSet: 'demo' | 'contract') =>
      dataSet === 'demo' ? seedDemoAgencies(context) : seedContractData(context),
    );
  program
    .command('seed_data')
    .description('load demonstration data into a tenant, or create the tenants main and demo with it')
    .option('--tenant <tenant>', 'short name or schema')
    .option('--clear', "remove the tenant's users, records and files first")
    .option('--force', 'do not ask before removing')
    .action((options: SeedDataOptions) => seedData(context, options));
}

async function seedContractData(context: CliContext): Promise<void> {
  await onMigrated(context, async (handle, progress) => {
    const { seedContract } = await import('../seed/contract.js');
    await seedContract(handle, { onProgress: progress.say });
  });
  context.print('the data set of the recorded examples is loaded');
}

async function seedDemoAgencies(context: CliContext): Promise<void> {
  const { appSubdomain, baseDomain } = context.config();
  await onMigrated(context, async (handle, progress) => {
    const { seedDemo } = await import('../seed/demo/seed-demo.js');
    await seedDemo(handle, { onProgress: progress.say, appSubdomain, baseDomain }).catch((error: unknown) => {
      if (!(error instanceof TenantExistsError)) throw error;
      throw new CliError(
        `${error.message.split(';')[0]}; to load demonstration data into an existing one: leopard seed_data --tenant`,
      );
    });
  });
  printLogins(context, DEMO_LOGINS);
  if (isExposed(context.config())) context.warn(`warning: ${PUBLISHED_LOGINS}`);
}

async function seedData(context: CliContext, { tenant, clear, force }: SeedDataOptions): Promise<void> {
  if (tenant === undefined) {
    if (clear) {
      throw new UsageError('--clear removes the records of one tenant; give --tenant');
    }
    return await seedDemoAgencies(context);
  }
  const { mediaDirectory } = context.config();
  const logins = await withTables(context, async ({ database, handle }) => {
    const { schema, name } = await findTenant(database, tenant);
    const home = await handleOfTenant(handle, schema);
    ownerSettings(home);
    if (clear && !force && context.isInteractive) {
      const answer = await context.ask(
        `This removes all users, records and files of ${name} (${schema}). Type DELETE to go on: `,
      );
      if (answer.trim() !== 'DELETE') throw new CliError('nothing was removed');
    }
    const { clearTenantData, seedTenantDemo } = await import('../seed/demo/seed-demo.js');
    return await withProgress(context, async (progress) => {
      if (clear) {
        progress.say(`removing the records of ${shortName(schema)}`);
        await clearTenantData(home, schema);
        await removeTenantFiles(mediaDirectory, schema);
      }
      return await seedTenantDemo(home, schema, { onProgress: progress.say });
    });
  });
  printLogins(context, logins);
}

async function onMigrated(
  context: CliContext,
  work: (handle: DatabaseHandle, progress: Progress) => Promise<void>,
): Promise<void> {
  await withDatabase(context, (handle) =>
    withProgress(context, async (progress) => {
      ownerSettings(handle);
      for (const remark of await bringUpToDate(handle, progress)) context.warn(remark);
      await work(handle, progress);
    }),
  );
}

async function withProgress<T>(context: CliContext, work: (progress: Progress) => Promise<T>): Promise<T> {
  const progress = context.progress(process.stderr);
  try {
    const result = await work(progress);
    progress.done();
    return result;
  } catch (error) {
    progress.failed();
    throw error;
  }
}

/** Prints log-ins. Passwords of tenants other than main and demo are shown here and nowhere else. */
function printLogins(context: CliContext, logins: readonly DemoLogin[]): void {
  context.print('demonstration data is loaded; log in as');
  const rows = logins.map(({ schema, role, username, password }) => [
    shortName(schema),
    role,
    username,
    password,
  ]);
  for (const line of formatTable(['TENANT', 'ROLE', 'USERNAME', 'PASSWORD'], rows)) context.print(line);
}
