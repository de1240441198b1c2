import { join, relative } from 'node:path';
import type { Command } from 'commander';
import { type BackupFile, backupsIn } from '../backup/backup-files.js';
import { backupsOfCell, makeDueBackups } from '../backup/scheduled-backups.js';
import { verifyBackup } from '../backup/verify-backup.js';
import { MAIN_CELL } from '../config/cell-settings.js';
import { cellNamed, handleOf } from '../database/cells.js';
import { CliError, UsageError } from './cli-error.js';
import type { CliContext } from './context.js';
import { atEachCell, handlesOf, requireAllCells } from './each-cell.js';
import { ownerSettings } from './owner-settings.js';
import { formatTable } from './table.js';
import { withDatabase } from './with-database.js';

interface ListedFile extends BackupFile {
  readonly cell: string;
}

interface Options {
  readonly json?: boolean;
  readonly cell?: string;
}

/** Adds `leopard backup verify|due|list`, which work on the folder of scheduled backups. */
export function addBackupFolderCommands(backup: Command, context: CliContext): void {
  const add = (name: string, description: string) =>
    backup.command(name).description(description).option('--json', 'print JSON');
  add('verify', 'restore a backup under a scratch name, compare its checksums, and remove that again')
    .argument('[path]', 'a backup, or a folder from which one is chosen at random; BACKUP_DIR by default')
    .option('--cell <name>', 'restore in the database of this further cell, by default a backup of its own')
    .action((path: string | undefined, _: Options, command: Command) =>
      verify(context, path, command.optsWithGlobals<Options>()),
    );
  add('due', 'make the scheduled backups that are due, and remove those that are too old').action(
    (_: Options, command: Command) => makeDue(context, ofAllCells(command)),
  );
  add('list', 'list the scheduled backups, the newest first').action((_: Options, command: Command) =>
    list(context, ofAllCells(command)),
  );
}

/**
 * Returns whether JSON was asked for; `backup` knows the options too, and takes them from its subcommands.
 * @throws UsageError where a cell is named
 */
function ofAllCells(command: Command): boolean {
  const { cell, json = false } = command.optsWithGlobals<Options>();
  if (cell !== undefined) throw new UsageError('this is about the backups of all cells; leave --cell out');
  return json;
}

/** Returns the folder of a cell's scheduled backups. @throws UsageError where none is set */
function folderOf(context: CliContext, cell: string | null = null): string {
  const config = context.config();
  const { directory } = (cell === null ? config : backupsOfCell(config, cell)).backups;
  if (directory === null) throw new UsageError('no folder of backups is set: BACKUP_DIR');
  return directory;
}

async function verify(
  context: CliContext,
  path: string | undefined,
  { json, cell: label = MAIN_CELL }: Options,
): Promise<void> {
  const cell = cellNamed(label);
  const config = context.config();
  const from = path ?? folderOf(context, cell);
  const progress = context.progress(process.stderr);
  progress.say(`verifying ${from}`);
  const verified = await withDatabase(context, (handle) => {
    const place = handleOf(handle, cell);
    return verifyBackup(ownerSettings(place), place.app.user, from);
  }).finally(progress.done);
  const { file, restored, snapshotAt, rows, files } = verified;
  context.show(json, { file, restored, snapshot_at: snapshotAt, rows, files }, () => [
    `${file} is whole: ${rows} rows and ${files} uploaded files are as they were at ${snapshotAt}`,
    ...(restored === null ? [] : [`${restored} was restored from it for comparison, and removed again`]),
  ]);
  if (path === undefined && cell === null && config.cells.length > 0)
    context.warn(
      `the backups of the cells ${config.cells.map(({ name }) => name).join(', ')} were not looked at; verify each: leopard backup verify --cell <name>`,
    );
}

async function makeDue(context: CliContext, json: boolean): Promise<void> {
  folderOf(context);
  const progress = context.progress(process.stderr);
  const { signal } = new AbortController();
  const config = context.config();
  const all = await withDatabase(context, (handle) =>
    atEachCell(handlesOf(handle), (place, name) =>
      makeDueBackups(ownerSettings(place), name === null ? config : backupsOfCell(config, name), {
        signal,
        onBackup: (scope) => progress.say(`backed up ${scope}`),
      }),
    ),
  ).finally(progress.done);
  const done = all.found.flatMap(({ cell, result }) => result.done.map((scope) => nameIn(cell, scope)));
  const failures = all.found.flatMap(({ cell, result }) =>
    result.failures.map(({ scope, error }) => ({ scope: nameIn(cell, scope), error })),
  );
  const removed = all.found.reduce((sum, { result }) => sum + result.removed, 0);
  const failed = failures.map(({ scope, error }) => ({ scope, error: error.message }));
  context.show(json, { done, failures: failed, removed }, () => [
    `${done.length} backed up, ${removed} old backups removed`,
  ]);
  for (const { scope, error } of failed) context.warn(`${scope}: ${error}`);
  for (const problem of failed.length > 0 ? all.problems : []) context.warn(problem);
  if (failed.length > 0) throw new CliError(`${failed.length} could not be backed up`);
  requireAllCells(all);
}

/** Returns what was backed up: a tenant's schema, or `public` with the name of its further cell. */
function nameIn(cell: string, scope: string): string {
  return cell === MAIN_CELL || scope !== 'public' ? scope : `${scope} of ${cell}`;
}

async function list(context: CliContext, json: boolean): Promise<void> {
  const folder = folderOf(context);
  const config = context.config();
  const folders = [
    { cell: MAIN_CELL, directory: folder },
    ...config.cells.map(({ name }) => ({
      cell: name,
      directory: backupsOfCell(config, name).backups.directory!,
    })),
  ];
  const files: ListedFile[] = [];
  for (const { cell, directory } of folders) {
    const found = await backupsIn(directory).catch((error: NodeJS.ErrnoException) => {
      if (cell === MAIN_CELL || error.code !== 'ENOENT') throw error;
      return new Map<string, BackupFile[]>(); // of a cell that was never backed up
    });
    for (const { name, scope, at } of [...found.values()].flat())
      files.push({ name: relative(folder, join(directory, name)), scope, at, cell });
  }
  files.sort((a, b) => b.at.getTime() - a.at.getTime());
  const shown = files.map(({ at, ...file }) => ({ ...file, at: at.toISOString() }));
  context.show(json, shown, () =>
    formatTable(
      ['AT', 'OF', 'FILE'],
      shown.map(({ name, scope, at, cell }) => [at, nameIn(cell, scope), name]),
    ),
  );
}
