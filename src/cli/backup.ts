import type { Command } from 'commander';
import { targetFile } from '../backup/backup-files.js';
import { fileSink, streamSink } from '../backup/backup-output.js';
import { homeOwner } from '../backup/portable/surroundings.js';
import { type BackupReport, writeBackup } from '../backup/write-backup.js';
import { MAIN_CELL } from '../config/cell-settings.js';
import { cellNamed, handleOf } from '../database/cells.js';
import { schemaOf, shortName } from '../tenancy/tenant-name.js';
import { addBackupFolderCommands } from './backup-folder.js';
import { CliError, UsageError } from './cli-error.js';
import type { CliContext } from './context.js';
import { ownerSettings } from './owner-settings.js';
import { withDatabase } from './with-database.js';

interface BackupCommandOptions {
  readonly to?: string;
  readonly schema?: string;
  readonly cell?: string;
  readonly files: boolean;
  readonly json?: boolean;
}

/** Adds `leopard backup`, which writes the whole platform or one tenant to a file. */
export function addBackupCommand(program: Command, context: CliContext): void {
  const backup = program
    .command('backup')
    .description('back up the whole platform, or one tenant, to a file that leopard restore reads')
    .option('--to <path>', 'a file, a folder that gets a new file, or - for stdout')
    .option('--schema <tenant>', 'only this tenant, by schema or short name')
    .option('--cell <name>', 'the database of this further cell, with its tenants (LEOPARD_CELLS)')
    .option('--without-files', 'leave uploaded files out')
    .option('--json', 'print JSON')
    .action((options: BackupCommandOptions & { withoutFiles?: boolean }) =>
      backUp(context, { ...options, files: !options.withoutFiles }),
    );
  addBackupFolderCommands(backup, context);
}

async function backUp(context: CliContext, { to, ...options }: BackupCommandOptions): Promise<void> {
  if (to === undefined) throw new UsageError('name the file or the folder: --to');
  const isStdout = to === '-';
  if (isStdout && options.json) throw new UsageError('stdout is the backup’s; leave --json out');
  if (isStdout && process.stdout.isTTY)
    throw new UsageError('a backup is not for a terminal; name a file, or pipe it into a program');
  const schema = options.schema === undefined ? null : schemaOf(options.schema);
  const cell = cellNamed(options.cell ?? MAIN_CELL);
  const { mediaDirectory, cells } = context.config();
  const progress = context.progress(process.stderr);
  const path = isStdout ? '-' : targetFile(to, schema, new Date());
  const report = await withDatabase(context, async (handle) => {
    const sink = isStdout ? streamSink(process.stdout) : await fileSink(path);
    try {
      const owner =
        schema === null || options.cell !== undefined
          ? ownerSettings(handleOf(handle, cell))
          : await homeOwner(handle, schema);
      const written = await writeBackup(owner, sink, {
        schema,
        mediaDirectory: options.files ? mediaDirectory : null,
        onProgress: ({ done, total }) => progress.count('backing up', done, total),
      });
      progress.done();
      return written;
    } catch (error) {
      progress.failed();
      throw error;
    }
  });
  if (schema === null && cell === null && cells.length > 0)
    context.warn(
      `the cells ${cells.map(({ name }) => name).join(', ')} are not in it; back each up: leopard backup --cell <name> --to …`,
    );
  if (!isStdout) context.show(options.json, { file: path, ...report }, () => [inWords(path, report)]);
  const [first, ...others] = report.missing.map(shortName);
  if (first !== undefined)
    throw new CliError(
      `the backup is without ${[first, ...others].join(', ')}: the schema is missing; restore it from an earlier backup`,
    );
}

function inWords(path: string, { scopes, rows, files, bytes }: BackupReport): string {
  const tenants = scopes.filter((scope) => scope !== 'public').length;
  const uploaded = files === null ? 'without uploaded files' : `${files} uploaded files`;
  return `backed up ${tenants} ${tenants === 1 ? 'tenant' : 'tenants'}: ${rows} rows, ${uploaded}; ${bytes} bytes in ${path}`;
}
