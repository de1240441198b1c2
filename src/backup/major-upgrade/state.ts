import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Layout } from '../../database/embedded/layout.js';
import { giveToOwnerOf, writePrivateFile } from '../../platform/private-text-file.js';

/** The state of an upgrade of an embedded database; it is written when a step is complete. */
export interface UpgradeState {
  /** The major version of the old data. */
  readonly from: string;
  /** Identifies the old data as of the backup: any later start of a server changes it. */
  readonly fingerprint: string;
  /** `backed up`: the backup is complete; `restored`: the new data are too. */
  readonly step: 'backed up' | 'restored';
}

/** Returns the paths of an upgrade that is under way. */
export function upgradePaths({ upgrade }: Layout) {
  return {
    state: join(upgrade, 'state.json'),
    backup: join(upgrade, 'backup.tar'),
    data: join(upgrade, 'data'),
  };
}

/** Reads the state of the upgrade; null if none is under way, or its first step is not complete. */
export function readState(layout: Layout): UpgradeState | null {
  const { state, backup } = upgradePaths(layout);
  try {
    const read = JSON.parse(readFileSync(state, 'utf8')) as UpgradeState;
    return existsSync(backup) ? read : null;
  } catch {
    return null;
  }
}

/** Writes the state in one step. @throws the system's error */
export function writeState(layout: Layout, state: UpgradeState): void {
  writePrivateFile(upgradePaths(layout).state, `${JSON.stringify(state)}\n`);
}

/** Creates the folder of the upgrade, empty. */
export function emptyFolder({ directory, upgrade }: Layout): void {
  rmSync(upgrade, { recursive: true, force: true, maxRetries: 5 });
  // As root, the server's user must be able to pass through it.
  mkdirSync(upgrade, { mode: process.getuid?.() === 0 ? 0o711 : 0o700 });
  giveToOwnerOf(directory, upgrade);
}

/** Returns a text that identifies the data of a stopped server: each start and stop changes its control file. */
export function fingerprintOf(data: string): string {
  return createHash('sha256')
    .update(readFileSync(join(data, 'global', 'pg_control')))
    .digest('hex');
}
