import type { Command } from 'commander';
import { checkBackup } from '../backup/check-backup.js';
import { openBackup } from '../backup/newest-backups.js';
import { backupOf } from '../backup/portable/portable-file.js';
import {
  differencesFrom,
  namesOfRestore,
  restoreTenantFrom,
  type TableDifference,
} from '../backup/portable/restore-tenant.js';
import { homeOwner } from '../backup/portable/surroundings.js';
import { schemaOf, shortName } from '../tenancy/tenant-name.js';
import { CliError, UsageError } from './cli-error.js';
import type { CliContext } from './context.js';
import { withSteps } from './operation-progress.js';
import { portableMeans } from './portable-means.js';
import { formatTable } from './table.js';
import { withDatabase } from './with-database.js';

interface RestoreOptions {
  readonly withoutFiles?: boolean;
  readonly dryRun?: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** Adds the options and the action of restoring a tenant from a backup, in the place of what it is. */
export function addRestoreTenantCommand(command: Command, context: CliContext): void {
  command
    .description('put a backup or export of a tenant in its place; what it was stays as <name>_before')
    .argument('<tenant>', 'short name or schema')
    .argument('<file>', 'the backup, or the folder of scheduled ones for its newest')
    .option('--without-files', 'leave uploaded files as they are')
    .option('--dry-run', 'change nothing: compare the checksums, and tell which tables would change')
    .option('--force', 'do not ask')
    .option('--json', 'print JSON')
    .action((tenant: string, file: string, options: RestoreOptions) =>
      restoreTenant(context, tenant, file, options),
    );
}

async function restoreTenant(
  context: CliContext,
  tenant: string,
  path: string,
  { withoutFiles = false, dryRun = false, force = false, json }: RestoreOptions,
): Promise<void> {
  const schema = schemaOf(tenant);
  const name = shortName(schema);
  const before = shortName(namesOfRestore(schema)[2]);
  const { file } = await backupOf(path, schema);
  if (!dryRun && !force && !context.isInteractive)
    throw new UsageError(
      `restoring replaces what ${name} is; there is no terminal for the question, so add --force (or --dry-run)`,
    );
  const config = context.config();
  await withDatabase(context, async (handle) => {
    if (dryRun) {
      const { sections } = await checkBackup(openBackup(file));
      const section = sections.find(({ scope }) => scope === schema);
      if (!section) throw new CliError(`the backup does not hold ${name}`);
      const owner = await homeOwner(handle, schema);
      const differences = await differencesFrom(owner, schema, section.tables);
      const shown = { tenant: name, rows: section.rows, files: section.files, differences };
      context.show(json, { ...shown, snapshot_at: section.snapshotAt }, () => [
        `${section.rows} rows, as of ${section.snapshotAt}`,
        ...tableOf(differences),
        'the backup is complete; nothing was changed',
      ]);
      return;
    }
    if (!force) {
      const answer = await context.ask(
        `This puts the backup ${file} in the place of ${name}, which stays as ${before}, switched off. Type ${name} to go on: `,
      );
      if (answer.trim() !== name) throw new CliError('nothing was changed');
    }
    const report = await withSteps(context, (steps) =>
      restoreTenantFrom(portableMeans({ config, handle }), schema, { file, withFiles: !withoutFiles }, steps),
    );
    const { rows, files, snapshotAt, differences, unknownTables } = report;
    context.show(
      json,
      {
        tenant: name,
        before,
        rows,
        files,
        snapshot_at: snapshotAt,
        differences,
        unknown_tables: unknownTables,
      },
      () => [
        `tenant ${name} is restored: ${rows} rows, as of ${snapshotAt}; everybody has to log in again`,
        ...tableOf(differences),
        `what it was is ${before}, switched off; when all is well, delete it: leopard tenants delete ${before}`,
      ],
    );
  });
}

function tableOf(differences: readonly TableDifference[]): string[] {
  if (differences.length === 0) return ['every table has as many rows as before'];
  return formatTable(
    ['TABLE', 'BEFORE', 'RESTORED'],
    differences.map(({ table, before, restored }) => [table, String(before), String(restored)]),
  );
}
