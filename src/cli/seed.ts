import { Argument, type Command } from 'commander';
import type { DatabaseHandle } from '../database/connections.js';
import { findTenant } from '../tenancy/tenant-list.js';
import { shortName } from '../tenancy/tenant-name.js';
import { bringUpToDate } from './bring-up-to-date.js';
import { CliError } from './cli-error.js';
import type { CliContext } from './context.js';
import { ownerSettings } from './owner-settings.js';
import type { Progress } from './progress.js';
import { withDatabase } from './with-database.js';
import { withTables } from './with-tables.js';

interface SeedDataOptions {
  readonly tenant?: string;
  readonly clear?: boolean;
  readonly force?: boolean;
}

/** `leopard seed demo|contract` and `leopard seed_data`. */
export function registerSeed(program: Command, context: CliContext): void {
  program
    .command('seed')
    .description(
      'load a data set into a database without tenants: demo, or contract for the recorded examples',
    )
    .addArgument(new Argument('<data-set>').choices(['demo', 'contract']))
    .action((dataSet: 'demo' | 'contract') =>
      withDatabase(context, (handle) => withProgress(context, (progress) => seed(handle, dataSet, progress))),
    );
  program
    .command('seed_data')
    .description('load demonstration data: into one tenant, or the agencies main and demo with theirs')
    .option('--tenant <tenant>', 'short name or schema')
    .option('--clear', "remove the tenant's records first")
    .option('--force', 'do not ask before removing')
    .action((options: SeedDataOptions) => seedData(context, options));
}

async function seed(handle: DatabaseHandle, dataSet: 'demo' | 'contract', progress: Progress): Promise<void> {
  ownerSettings(handle);
  await bringUpToDate(handle, progress);
  const onProgress = progress.say;
  if (dataSet === 'demo') {
    const { seedDemo } = await import('../seed/demo.js');
    await seedDemo(handle, { onProgress });
  } else {
    const { seedContract } = await import('../seed/contract.js');
    await seedContract(handle, { onProgress });
  }
}

async function seedData(context: CliContext, { tenant, clear, force }: SeedDataOptions): Promise<void> {
  if (tenant === undefined) {
    if (clear) throw new CliError('--clear needs --tenant: it removes the records of one tenant');
    return await withDatabase(context, (handle) =>
      withProgress(context, (progress) => seed(handle, 'demo', progress)),
    );
  }
  await withTables(context, async ({ database, handle }) => {
    const { schema, name } = await findTenant(database, tenant);
    if (clear && !force && context.isInteractive) {
      const answer = await context.ask(
        `This removes all records of ${name} (${schema}), its users too. Type DELETE to go on: `,
      );
      if (answer.trim() !== 'DELETE') throw new CliError('nothing was removed');
    }
    const { clearTenantData, seedTenantDemo } = await import('../seed/demo.js');
    await withProgress(context, async (progress) => {
      if (clear) {
        progress.say(`removing the records of ${shortName(schema)}`);
        await clearTenantData(handle, schema);
      }
      progress.say(`loading demonstration data into ${shortName(schema)}`);
      await seedTenantDemo(handle, schema);
    });
  });
}

async function withProgress(context: CliContext, work: (progress: Progress) => Promise<void>): Promise<void> {
  const progress = context.progress(process.stderr);
  try {
    await work(progress);
  } catch (error) {
    progress.failed();
    throw error;
  }
  progress.done();
  context.print('the data is loaded');
}
