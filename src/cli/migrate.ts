import type { Command } from 'commander';
import type { DatabaseHandle } from '../database/connections.js';
import { type MigrationReport, migrateAll, migrateShared, migrateTenant } from '../database/migrator.js';
import { withOwner } from '../database/owner.js';
import { requireValidEventsConfig } from '../events/check-config.js';
import { schemaOf } from '../tenancy/tenant-name.js';
import { CliError } from './cli-error.js';
import type { CliContext } from './context.js';
import { ownerSettings } from './owner-settings.js';
import { withDatabase } from './with-database.js';

interface MigrateCommandOptions {
  readonly shared?: boolean;
  readonly schema?: string;
}

/** `leopard migrate`: brings the tables up to date. */
export function registerMigrate(program: Command, context: CliContext): void {
  const shared = program.createOption('--shared', 'only what all tenants share').conflicts('schema');
  program
    .command('migrate')
    .alias('migrate_schemas')
    .description('bring the database up to date: public and every tenant, or one of them')
    .addOption(shared)
    .option('--schema <tenant>', 'only this tenant, by schema or short name')
    .action(async (options: MigrateCommandOptions) => {
      requireValidEventsConfig();
      await withDatabase(context, (handle) => migrate(context, handle, options));
    });
}

async function migrate(
  context: CliContext,
  handle: DatabaseHandle,
  options: MigrateCommandOptions,
): Promise<void> {
  const { applied, scopes, captures, failures } = await run(context, handle, options);
  if (applied > 0)
    context.print(`applied ${count(applied, 'migration')} to ${count(scopes, 'schema', 'schemas')}`);
  else if (captures > 0) context.print(`renewed the capture of events of ${count(captures, 'tenant')}`);
  else if (failures.length === 0) context.print('nothing to do: everything is applied');
  for (const { error } of failures) context.warn(error.message);
  if (failures.length > 0) {
    throw new CliError(
      `${count(failures.length, 'tenant')} could not be migrated; put it right and run this command again`,
    );
  }
}

async function run(
  context: CliContext,
  handle: DatabaseHandle,
  { shared, schema }: MigrateCommandOptions,
): Promise<MigrationReport> {
  const owner = ownerSettings(handle);
  const { user } = handle.app;
  if (shared) {
    return {
      applied: await withOwner(owner, (client) => migrateShared(client, user)),
      scopes: 1,
      captures: 0,
      newerCaptures: 0,
      failures: [],
    };
  }
  if (schema !== undefined) {
    const name = schemaOf(schema);
    const { applied, captured } = await withOwner(owner, (client) =>
      migrateTenant(client, user, name, { repairCapture: true }),
    );
    return { applied, scopes: 1, captures: Number(captured), newerCaptures: 0, failures: [] };
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
