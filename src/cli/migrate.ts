import type { Command } from 'commander';
import type { DatabaseHandle } from '../database/connections.js';
import { withOwner } from '../database/owner.js';
import { requireValidEventsConfig } from '../events/operations/check-config.js';
import { storeRetention } from '../schema/log-retention.js';
import { fileName } from '../schema/migration-state.js';
import { type MigrationReport, migrateAll, migrateShared, migrateTenant } from '../schema/migrator.js';
import { repairAll } from '../schema/repair-all.js';
import { skipMigration } from '../schema/skipped-migration.js';
import { schemaOf } from '../tenancy/tenant-name.js';
import { CliError, UsageError } from './cli-error.js';
import type { CliContext } from './context.js';
import { parseId } from './id-argument.js';
import { ownerSettings } from './owner-settings.js';
import { withDatabase } from './with-database.js';

/** Maximum number of mended faults that are listed; the others are counted. */
const MOST_MENDED = 50;

interface MigrateCommandOptions {
  readonly shared?: boolean;
  readonly schema?: string;
  readonly skip?: number;
}

/** Adds `leopard migrate`, which brings the tables up to date. */
export function addMigrateCommand(program: Command, context: CliContext): void {
  const shared = program.createOption('--shared', 'only what all tenants share').conflicts('schema');
  program
    .command('migrate')
    .alias('migrate_schemas')
    .description('bring the database up to date: public and every tenant, or one of them')
    .addOption(shared)
    .option('--schema <tenant>', 'only this tenant, by schema or short name')
    .option(
      '--skip <number>',
      'with --schema: pass over its next migration, which must have this number, and go on',
      parseId,
    )
    .action(async (options: MigrateCommandOptions) => {
      if (options.skip !== undefined && options.schema === undefined)
        throw new UsageError('a migration is skipped at one tenant; name it with --schema');
      requireValidEventsConfig();
      await withDatabase(context, (handle) => migrate(context, handle, options));
    });
}

async function migrate(
  context: CliContext,
  handle: DatabaseHandle,
  options: MigrateCommandOptions,
): Promise<void> {
  const { applied, scopes, captures, repairs, mended, failures } = await run(context, handle, options);
  await storeRetention(ownerSettings(handle), context.config());
  if (applied > 0)
    context.print(`applied ${count(applied, 'migration')} to ${count(scopes, 'schema', 'schemas')}`);
  else if (captures > 0) context.print(`renewed the capture of events of ${count(captures, 'tenant')}`);
  if (repairs > 0)
    context.print(`restored missing functions, triggers or privileges of ${count(repairs, 'tenant')}`);
  else if (applied === 0 && captures === 0 && scopes > 0)
    context.print(
      `put ${count(scopes, 'schema', 'schemas')} in order: the program's rights, or what waits in the queues`,
    );
  else if (applied === 0 && captures === 0 && failures.length === 0 && mended.length === 0)
    context.print('nothing to do: everything is applied');
  for (const text of mended.slice(0, MOST_MENDED)) context.print(`mended: ${text}`);
  if (mended.length > MOST_MENDED) context.print(`mended: ${mended.length - MOST_MENDED} more like these`);
  for (const { error } of failures) context.warn(error.message);
  if (failures.length > 0) {
    throw new CliError(
      `${count(failures.length, 'tenant')} could not be migrated; fix that and run this command again`,
    );
  }
}

async function run(
  context: CliContext,
  handle: DatabaseHandle,
  { shared, schema, skip }: MigrateCommandOptions,
): Promise<MigrationReport> {
  const owner = ownerSettings(handle);
  const { user } = handle.app;
  if (shared) {
    return {
      applied: await withOwner(owner, (client) => migrateShared(client, user)),
      scopes: 1,
      captures: 0,
      newerCaptures: 0,
      repairs: 0,
      mended: [],
      failures: [],
    };
  }
  if (schema !== undefined) {
    const name = schemaOf(schema);
    const { applied, captured } = await withOwner(owner, async (client) => {
      if (skip !== undefined) {
        await migrateShared(client, user);
        const skipped = await skipMigration(client, name, skip);
        context.print(`skipped ${fileName(skipped)} of ${name}`);
      }
      return await migrateTenant(client, user, name, { repairCapture: true });
    });
    const repaired = await repairAll(owner, user, { only: name });
    const scopes = Number(applied > 0);
    return { applied, scopes, captures: Number(captured), newerCaptures: 0, mended: [], ...repaired };
  }
  const progress = context.progress(process.stderr);
  const report = await migrateAll(owner, user, {
    onProgress: ({ done, total }) => progress.count('migrating', done, total),
  }).catch((error: unknown) => {
    progress.failed();
    throw error;
  });
  if (report.failures.length > 0) progress.failed();
  else progress.done();
  return report;
}

function count(n: number, what: string, many = `${what}s`): string {
  return `${n} ${n === 1 ? what : many}`;
}
