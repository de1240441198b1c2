import type { Command } from 'commander';
import { backupsIn } from '../backup/backup-files.js';
import { makeDueBackups } from '../backup/scheduled-backups.js';
import { verifyBackup } from '../backup/verify-backup.js';
import { CliError, UsageError } from './cli-error.js';
import type { CliContext } from './context.js';
import { ownerSettings } from './owner-settings.js';
import { formatTable } from './table.js';
import { withDatabase } from './with-database.js';

interface Options {
  readonly json?: boolean;
}

/** Adds `leopard backup verify|due|list`, which work on the folder of scheduled backups. */
export function addBackupFolderCommands(backup: Command, context: CliContext): void {
  const add = (name: string, description: string) =>
    backup.command(name).description(description).option('--json', 'print JSON');
  add('verify', 'restore a backup under a scratch name, compare its checksums, and remove that again')
    .argument('[path]', 'a backup, or a folder from which one is chosen at random; BACKUP_DIR by default')
    .action((path: string | undefined, _: Options, command: Command) =>
      verify(context, path, jsonOf(command)),
    );
  add('due', 'make the scheduled backups that are due, and remove those that are too old').action(
    (_: Options, command: Command) => makeDue(context, jsonOf(command)),
  );
  add('list', 'list the scheduled backups, the newest first').action((_: Options, command: Command) =>
    list(context, jsonOf(command)),
  );
}

/** Returns whether JSON was asked for; both `backup` and its subcommands know the option. */
const jsonOf = (command: Command): boolean => command.optsWithGlobals<Options>().json ?? false;

function folderOf(context: CliContext): string {
  const { directory } = context.config().backups;
  if (directory === null) throw new UsageError('no folder of backups is set: BACKUP_DIR');
  return directory;
}

async function verify(context: CliContext, path: string | undefined, json: boolean): Promise<void> {
  const from = path ?? folderOf(context);
  const progress = context.progress(process.stderr);
  progress.say(`verifying ${from}`);
  const verified = await withDatabase(context, (handle) =>
    verifyBackup(ownerSettings(handle), handle.app.user, from),
  ).finally(progress.done);
  const { file, restored, snapshotAt, rows, files } = verified;
  context.show(json, { file, restored, snapshot_at: snapshotAt, rows, files }, () => [
    `${file} is whole: ${rows} rows and ${files} uploaded files are as they were at ${snapshotAt}`,
    ...(restored === null ? [] : [`${restored} was restored from it for comparison, and removed again`]),
  ]);
}

async function makeDue(context: CliContext, json: boolean): Promise<void> {
  folderOf(context);
  const progress = context.progress(process.stderr);
  const { signal } = new AbortController();
  const { done, failures, removed } = await withDatabase(context, (handle) =>
    makeDueBackups(ownerSettings(handle), context.config(), {
      signal,
      onBackup: (scope) => progress.say(`backed up ${scope}`),
    }),
  ).finally(progress.done);
  const failed = failures.map(({ scope, error }) => ({ scope, error: error.message }));
  context.show(json, { done, failures: failed, removed }, () => [
    `${done.length} backed up, ${removed} old backups removed`,
  ]);
  for (const { scope, error } of failed) context.warn(`${scope}: ${error}`);
  if (failed.length > 0) throw new CliError(`${failed.length} could not be backed up`);
}

async function list(context: CliContext, json: boolean): Promise<void> {
  const files = [...(await backupsIn(folderOf(context))).values()].flat();
  files.sort((a, b) => b.at.getTime() - a.at.getTime());
  const shown = files.map(({ name, scope, at }) => ({ name, scope, at: at.toISOString() }));
  context.show(json, shown, () =>
    formatTable(
      ['AT', 'OF', 'FILE'],
      shown.map(({ name, scope, at }) => [at, scope, name]),
    ),
  );
}
