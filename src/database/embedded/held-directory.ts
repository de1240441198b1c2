import { mkdirSync, realpathSync } from 'node:fs';
import type { ConnectionSettings } from '../../config/config.js';
import { chooseAccount, giveTo } from './account.js';
import type { Binaries } from './binaries.js';
import { adminOf, prepareFolders } from './embedded.js';
import { claimDirectory } from './instance-file.js';
import { type Layout, layoutOf } from './layout.js';
import { clearOrphans } from './orphans.js';
import { type Passwords, readPasswords } from './passwords.js';
import { startPostmaster } from './postmaster.js';

/** A server on a held directory, which only this process knows of. */
interface HeldServer {
  readonly admin: ConnectionSettings;
  readonly passwords: Passwords;
  stop(): Promise<void>;
}

/** The directory of an embedded database that no other process can start, for work on its data. */
export interface HeldDirectory {
  readonly layout: Layout;
  /** Starts a server on the data with these binaries, which must be of the data's version. */
  start(binaries: Binaries): Promise<HeldServer>;
  release(): void;
}

/**
 * Claims the directory, and stops servers that a killed process has left there.
 * @throws DataDirectoryInUseError when a living process has it
 */
export async function holdDirectory(
  directory: string,
  onProgress: (text: string) => void,
): Promise<HeldDirectory> {
  mkdirSync(directory, { recursive: true });
  const layout = layoutOf(realpathSync(directory));
  const claim = await claimDirectory(layout.directory, layout.instance);
  try {
    await clearOrphans(layout, onProgress);
  } catch (error) {
    claim.release();
    throw error;
  }
  return {
    layout,
    release: claim.release,
    async start(binaries) {
      const account = chooseAccount(layout, binaries);
      prepareFolders(layout, account);
      giveTo(account, layout.data);
      const passwords = readPasswords(layout.passwords);
      const postmaster = await startPostmaster(layout, account, binaries, onProgress);
      const host = layout.socket ?? '127.0.0.1';
      return { admin: adminOf(host, postmaster.port, passwords), passwords, stop: postmaster.stop };
    },
  };
}
