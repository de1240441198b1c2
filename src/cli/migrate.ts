import { type Command, InvalidArgumentError } from 'commander';
import type { DatabaseHandle } from '../database/connections.js';
import { requireValidEventsConfig } from '../events/operations/check-config.js';
import { schemaOf } from '../tenancy/tenant-name.js';
import { UsageError } from './cli-error.js';
import type { CliContext } from './context.js';
import { parseId } from './id-argument.js';
import { chosenCells } from './migrate-cells.js';
import { printPendingSql } from './migrate-dry-run.js';
import { type MigrateCommandOptions, migrateCells } from './migrate-run.js';
import { showStatus } from './migrate-status.js';
import { withDatabase } from './with-database.js';

/** Maximum number of connections of one run, so that the running program has enough of the server's. */
const MOST_PARALLEL = 16;

/** Adds `leopard migrate`, which brings the tables up to date, and `leopard migrate status`. */
export function addMigrateCommand(program: Command, context: CliContext): void {
  const shared = program
    .createOption('--shared', 'only what all tenants share')
    .conflicts(['schema', 'canary']);
  const command = program
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
    .option('--cell <name>', 'only the database of this cell; main for the catalogue’s own')
    .option('--parallel <number>', `tenants at once, 1 to ${MOST_PARALLEL}; 1 when not given`, parseParallel)
    .option(
      '--canary <tenants>',
      'these first, separated by commas; if one fails, no other is begun',
      parseNames,
    )
    .option('--no-examine', 'only what is pending: do not look for lost functions, triggers and rights')
    .option('--dry-run', 'print the SQL that is pending; changes nothing')
    .action(async (options: MigrateCommandOptions) => {
      if (options.skip !== undefined && options.schema === undefined)
        throw new UsageError('a migration is skipped at one tenant; name it with --schema');
      if (options.schema !== undefined && options.canary)
        throw new UsageError('--canary is for a run over all tenants, without --schema');
      requireValidEventsConfig();
      await withDatabase(context, (handle) => carryOut(context, handle, options));
    });
  command
    .command('status')
    .description('say how many migrations each tenant lacks, and which tenants failed in the last run')
    .option('--cell <name>', 'only the database of this cell; main for the catalogue’s own')
    .option('--json', 'print JSON')
    .action((_: unknown, subcommand: Command) => {
      const { cell, json } = subcommand.optsWithGlobals<{ cell?: string; json?: boolean }>();
      return withDatabase(context, (handle) => showStatus(context, chosenCells(handle, cell), json));
    });
}

async function carryOut(
  context: CliContext,
  handle: DatabaseHandle,
  options: MigrateCommandOptions,
): Promise<void> {
  if (!options.dryRun) return await migrateCells(context, handle, options);
  const schema = options.schema === undefined ? undefined : schemaOf(options.schema);
  await printPendingSql(context, chosenCells(handle, options.cell), { schema, onlyShared: options.shared });
}

function parseParallel(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= 1 && number <= MOST_PARALLEL) return number;
  throw new InvalidArgumentError(`give a number from 1 to ${MOST_PARALLEL}.`);
}

function parseNames(text: string): string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.every((name) => name !== '')) return names;
  throw new InvalidArgumentError('give names of tenants, separated by commas.');
}
