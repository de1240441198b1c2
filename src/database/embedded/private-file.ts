import { randomBytes } from 'node:crypto';
import { chownSync, linkSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Replaces a file that only its owner may read, in one step: nobody ever sees half of it. */
export function replacePrivateFile(path: string, text: string): void {
  const temporary = writeBeside(path, text);
  renameSync(temporary, path);
}

/** Creates a file that only its owner may read. @returns false when it exists already */
export function createPrivateFile(path: string, text: string): boolean {
  const temporary = writeBeside(path, text);
  try {
    linkSync(temporary, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
}

function writeBeside(path: string, text: string): string {
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    writeFileSync(temporary, text, { mode: 0o600, flag: 'wx', flush: true });
    giveToOwnerOf(dirname(path), temporary);
    return temporary;
  } catch (error) {
    rmSync(temporary, { force: true }); // a full disk leaves a partial file
    throw error;
  }
}

/** Gives the file to the directory's owner, who may start the program next; only root has to. */
export function giveToOwnerOf(directory: string, path: string): void {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = statSync(directory);
  chownSync(path, uid, gid);
}
