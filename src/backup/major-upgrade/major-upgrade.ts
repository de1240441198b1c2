import { copyFileSync, createReadStream, existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { OWNER_ROLE, openDatabase } from '../../database/connections.js';
import type { Binaries } from '../../database/embedded/binaries.js';
import { EMBEDDED_MAJOR, readDataVersion } from '../../database/embedded/data-version.js';
import { EmbeddedDatabaseError } from '../../database/embedded/errors.js';
import { type HeldDirectory, holdDirectory } from '../../database/embedded/held-directory.js';
import { withOwner } from '../../database/owner.js';
import { fileSink, syncFolder } from '../backup-output.js';
import { restoreBackup } from '../restore-backup.js';
import { examineTarget } from '../restore-target.js';
import { writeBackup } from '../write-backup.js';
import { mebibytes, roomFor } from './room.js';
import { emptyFolder, fingerprintOf, readState, upgradePaths, writeState } from './state.js';

/** The embedded database to upgrade, and the old programs. */
export interface MajorUpgrade {
  /** The directory of the embedded database. */
  readonly directory: string;
  /** The name of the program's database in it. */
  readonly database: string;
  /** Finds the programs of the old version, where they are needed. */
  readonly binaries: (major: string) => Binaries;
  readonly onProgress: (text: string) => void;
}

/** The results of an upgrade. */
export interface MajorUpgradeReport {
  readonly from: string;
  readonly to: string;
  /** The folder of the old data. */
  readonly kept: string;
  /** Objects that are only in the old data: other databases, tables that are not the program's. */
  readonly left_behind: readonly string[];
}

/** Files of settings, the operator's part of which goes over to the new data. */
const SETTINGS = ['postgresql.conf', 'pg_hba.conf', 'pg_ident.conf', 'postgresql.auto.conf'];

/**
 * Moves an embedded database to the major version of the packaged binaries: a backup from the old server, restored into
 * new data beside the old ones, which then take their place. The old data stay. A run that was killed at any point is
 * continued by the next; until the last step, the old data are where they were and as they were.
 * @returns null where nothing has to be done
 * @throws DataDirectoryInUseError, EmbeddedDatabaseError with what to do, and errors of backup and restore
 */
export async function upgradeMajor(upgrade: MajorUpgrade): Promise<MajorUpgradeReport | null> {
  const held = await holdDirectory(upgrade.directory, upgrade.onProgress);
  const { layout } = held;
  try {
    const data = readDataVersion(layout.directory);
    const state = readState(layout);
    const left: string[] = [];
    if (data && data.major === EMBEDDED_MAJOR) {
      // Killed after the last step, or never begun.
      rmSync(layout.upgrade, { recursive: true, force: true, maxRetries: 5 });
      return null;
    }
    if (!data && state?.step !== 'restored')
      throw new EmbeddedDatabaseError(`there is no database in ${layout.directory}`);
    if (data) {
      if (state?.fingerprint !== fingerprintOf(layout.data))
        left.push(...(await backUp(held, upgrade, data.major)));
      if (readState(layout)?.step !== 'restored') left.push(...(await restore(held, upgrade)));
      await verify(held, upgrade);
    }
    const from = readState(layout)!.from;
    const kept = await swap(held, from);
    return { from, to: EMBEDDED_MAJOR, kept, left_behind: left };
  } finally {
    held.release();
  }
}

/** Backs the old data up. @returns what the backup is without */
async function backUp(held: HeldDirectory, upgrade: MajorUpgrade, from: string): Promise<string[]> {
  const { layout } = held;
  const { directory } = layout;
  const binaries = upgrade.binaries(from);
  const { needed, free } = roomFor(layout.data, directory);
  if (free < needed)
    throw new EmbeddedDatabaseError(
      `the upgrade needs about ${mebibytes(needed)} on the disk of ${directory}, ${mebibytes(free)} are free; make room there`,
    );
  emptyFolder(layout);
  upgrade.onProgress(`starting PostgreSQL ${from}`);
  const server = await held.start(binaries);
  const left: string[] = [];
  try {
    const owner = {
      ...server.admin,
      database: upgrade.database,
      user: OWNER_ROLE,
      password: server.passwords.owner,
    };
    left.push(...(await otherDatabases(server.admin, upgrade.database)));
    const { missing } = await writeBackup(owner, await fileSink(upgradePaths(layout).backup), {
      schema: null,
      mediaDirectory: null,
      onProgress: ({ scope, done, total }) =>
        upgrade.onProgress(`backing up ${scope} (${done + 1} of ${total})`),
    });
    if (missing.length > 0)
      throw new EmbeddedDatabaseError(
        `the schema of ${missing.join(', ')} is missing; with the version of the program that made these data, restore it from a backup or delete the tenant`,
      );
  } finally {
    await server.stop();
  }
  writeState(layout, { from, fingerprint: fingerprintOf(layout.data), step: 'backed up' });
  return left;
}

async function otherDatabases(admin: Parameters<typeof withOwner>[0], own: string): Promise<string[]> {
  const { rows } = await withOwner(admin, (client) =>
    client.query<{ name: string }>(
      "SELECT datname AS name FROM pg_catalog.pg_database WHERE NOT datistemplate AND datname NOT IN ('postgres', $1) ORDER BY 1",
      [own],
    ),
  );
  return rows.map(({ name }) => `the database ${name}`);
}

const newDatabase = ({ layout }: HeldDirectory, { database }: MajorUpgrade) => ({
  database: { kind: 'embedded' as const, directory: layout.upgrade, database },
});

/** Restores the backup into new data. @returns what was left out */
async function restore(held: HeldDirectory, upgrade: MajorUpgrade): Promise<string[]> {
  const { layout } = held;
  const paths = upgradePaths(layout);
  if (!existsSync(join(layout.upgrade, 'passwords.json')))
    copyFileSync(layout.passwords, join(layout.upgrade, 'passwords.json'));
  const open = () => openDatabase(newDatabase(held, upgrade), { onProgress: upgrade.onProgress });
  let handle = await open();
  try {
    const { tenants, unfinished } = await examineTarget(handle.owner!);
    // Killed between the end of the restore and the note of it: nothing tells whether it is complete.
    if (tenants > 0 && !unfinished) {
      await handle.close();
      rmSync(paths.data, { recursive: true, force: true, maxRetries: 5 });
      handle = await open();
    }
    const { unknownTables } = await restoreBackup(
      handle.owner!,
      handle.app.user,
      createReadStream(paths.backup, { highWaterMark: 1 << 20 }),
      null,
      {
        mediaDirectory: null,
        keepsLogins: true,
        onProgress: ({ scope }) => upgrade.onProgress(`restoring ${scope}`),
      },
    );
    writeState(layout, { ...readState(layout)!, step: 'restored' });
    return unknownTables.map((table) => `the table ${table}`);
  } finally {
    await handle.close();
  }
}

/** Starts the new data once with the operator's settings, so that the next start of the program does not fail. */
async function verify(held: HeldDirectory, upgrade: MajorUpgrade): Promise<void> {
  const { layout } = held;
  const { data } = upgradePaths(layout);
  for (const file of SETTINGS) {
    if (existsSync(join(layout.data, file))) copyFileSync(join(layout.data, file), join(data, file));
  }
  upgrade.onProgress('verifying the new data');
  const handle = await openDatabase(newDatabase(held, upgrade));
  await handle.close();
}

/** Puts the new data into the place of the old ones. @returns the folder of the old data */
async function swap({ layout }: HeldDirectory, from: string): Promise<string> {
  const { next, last } = keptNames(layout.data, from);
  const isMoved = !existsSync(layout.data); // by a run that was killed
  if (!isMoved) renameSync(layout.data, next);
  await syncFolder(layout.directory);
  renameSync(upgradePaths(layout).data, layout.data);
  await syncFolder(layout.directory);
  rmSync(layout.upgrade, { recursive: true, force: true, maxRetries: 5 });
  return isMoved && last ? last : next;
}

/** Returns names for old data: the next that is free, and the last that is used. */
function keptNames(data: string, from: string): { next: string; last: string | null } {
  let last: string | null = null;
  for (let number = 1; ; number++) {
    const name = `${data}-${from}${number > 1 ? `-${number}` : ''}`;
    if (!existsSync(name)) return { next: name, last };
    last = name;
  }
}
