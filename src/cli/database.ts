import { existsSync } from 'node:fs';
import { type Command, Option } from 'commander';
import {
  type MajorUpgrade,
  type MajorUpgradeReport,
  upgradeMajor,
} from '../backup/major-upgrade/major-upgrade.js';
import { mebibytes, roomFor } from '../backup/major-upgrade/room.js';
import { findBinaries } from '../database/embedded/binaries.js';
import { EMBEDDED_MAJOR, readDataVersion } from '../database/embedded/data-version.js';
import { DataDirectoryInUseError } from '../database/embedded/errors.js';
import { readInstance } from '../database/embedded/instance-file.js';
import { layoutOf } from '../database/embedded/layout.js';
import { findOtherBinaries, versionOf } from '../database/embedded/other-binaries.js';
import { CliError, UsageError } from './cli-error.js';
import type { CliContext } from './context.js';

interface UpgradeCommandOptions {
  readonly fromBinaries?: string;
  readonly dryRun?: boolean;
  readonly cell?: string;
  readonly json?: boolean;
}

const SIGNALS = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 } as const;

/** Adds `leopard database upgrade`. */
export function addDatabaseCommand(program: Command, context: CliContext): void {
  const database = program.command('database').description('look after the embedded database');
  database
    .command('upgrade')
    .description(
      'move the embedded database to the PostgreSQL that this version brings; the old data are kept. Further cells are servers of your own',
    )
    .option(
      '--from-binaries <folder>',
      'the programs of the old PostgreSQL, where the system has none of that version',
    )
    .option('--dry-run', 'change nothing: examine versions, programs and room on the disk')
    .addOption(new Option('--cell <name>').hideHelp()) // refused with the reason
    .option('--json', 'print JSON')
    .action((options: UpgradeCommandOptions) => upgrade(context, options));
}

async function upgrade(context: CliContext, options: UpgradeCommandOptions): Promise<void> {
  if (options.cell !== undefined)
    throw new UsageError(
      'this command is for the embedded database, which is that of the cell main; the server of a further cell is upgraded as its documentation says, and then examined: leopard doctor',
    );
  const settings = context.config().database;
  if (settings.kind !== 'embedded')
    throw new CliError(
      'this command is for the embedded database; a server of your own is upgraded as its documentation says, and then examined: leopard doctor',
    );
  const { directory, database } = settings;
  const data = readDataVersion(directory);
  const binaries = (major: string) => findOtherBinaries(major, options.fromBinaries);
  const isLeftOver = existsSync(layoutOf(directory).upgrade);
  if (data?.major === EMBEDDED_MAJOR && (options.dryRun || !isLeftOver)) {
    nothingToDo(context, options.json);
  } else if (options.dryRun) {
    examine(context, directory, data?.major, options);
  } else {
    await carryOut(context, { directory, database, binaries }, data === null, options.json);
  }
}

async function carryOut(
  context: CliContext,
  of: Omit<MajorUpgrade, 'onProgress'>,
  isUnderWay: boolean,
  json: boolean | undefined,
): Promise<void> {
  const progress = context.progress(process.stderr);
  const stopListening = exitOnSignals();
  let report: MajorUpgradeReport | null;
  try {
    report = await upgradeMajor({ ...of, onProgress: progress.say });
    progress.done();
  } catch (error) {
    progress.failed();
    throw error;
  } finally {
    stopListening();
  }
  if (!report) {
    nothingToDo(context, json);
    return;
  }
  const { from, to, kept, left_behind: left } = report;
  context.show(json, { ...report, done: true }, () => [
    `the database is PostgreSQL ${to}'s${isUnderWay ? '; an interrupted upgrade is finished' : ''}. The old data, ${from}'s, are in ${kept}; remove that folder when nobody wants to go back`,
  ]);
  for (const what of left) context.warn(`${what} is not the program's, and is only in the old data`);
}

function nothingToDo(context: CliContext, json: boolean | undefined): void {
  const version = versionOf(findBinaries());
  context.show(json, { from: EMBEDDED_MAJOR, to: EMBEDDED_MAJOR, binaries: version, done: false }, () => [
    `nothing to do: the data are PostgreSQL ${EMBEDDED_MAJOR}'s; for ${version} a restart is enough`,
  ]);
}

/** Ends the process in order: its server is stopped as the process exits, and the next run continues. */
function exitOnSignals(): () => void {
  const listeners = Object.entries(SIGNALS).map(([signal, number]) => {
    const listener = () => process.exit(128 + number);
    process.once(signal, listener);
    return () => process.off(signal, listener);
  });
  return () => listeners.forEach((stop) => void stop());
}

/** Shows what an upgrade would need. @throws CliError, DataDirectoryInUseError, EmbeddedDatabaseError where it would fail */
function examine(
  context: CliContext,
  directory: string,
  major: string | undefined,
  { json, fromBinaries }: UpgradeCommandOptions,
): void {
  const layout = layoutOf(directory);
  if (major === undefined)
    throw new CliError(
      existsSync(layout.upgrade)
        ? `an interrupted upgrade of ${directory} is to be finished; run: leopard database upgrade`
        : `there is no database in ${directory}`,
    );
  const running = readInstance(layout.instance);
  if (running) throw new DataDirectoryInUseError(directory, running.owner.pid);
  const old = findOtherBinaries(major, fromBinaries);
  const to = versionOf(findBinaries());
  const { needed, free, data: size } = roomFor(layout.data, directory);
  if (free < needed)
    throw new CliError(
      `the upgrade needs about ${mebibytes(needed)} on the disk of ${directory}, ${mebibytes(free)} are free; make room there`,
    );
  const found = { from: versionOf(old), to, binaries: old.postgres, size, needed, free };
  context.show(json, found, () => [
    `from PostgreSQL ${found.from} (${old.postgres}) to ${to}: ${mebibytes(size)} of data`,
    `needs about ${mebibytes(needed)} for a while, ${mebibytes(free)} are free`,
    'nothing was changed',
  ]);
}
