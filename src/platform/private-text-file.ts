import { randomBytes } from 'node:crypto';
import { chownSync, linkSync, renameSync, rmSync, type Stats, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Writes a file that only its owner may read, in one step: a failed write leaves the old file and nothing else. Root
 * leaves a file to its owner, and gives a new one to that of the directory, who may start the program next.
 * @throws the system's error
 */
export function writePrivateFile(path: string, text: string): void {
  const unfinished = writeBeside(path, text, statSync(path, { throwIfNoEntry: false }));
  try {
    renameSync(unfinished, path);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
}

/** Creates a file that only its owner may read. @returns false when it exists already @throws the system's error */
export function createPrivateFile(path: string, text: string): boolean {
  const unfinished = writeBeside(path, text);
  try {
    linkSync(unfinished, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(unfinished, { force: true });
  }
}

function writeBeside(path: string, text: string, present?: Stats): string {
  const unfinished = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    writeFileSync(unfinished, text, { mode: 0o600, flag: 'wx', flush: true });
    giveTo(present ?? statSync(dirname(path)), unfinished);
    return unfinished;
  } catch (error) {
    rmSync(unfinished, { force: true }); // a full disk leaves a partial file
    throw error;
  }
}

/** Gives the file to the directory's owner, who may start the program next; only root has to. */
export function giveToOwnerOf(directory: string, path: string): void {
  giveTo(statSync(directory), path);
}

function giveTo({ uid, gid }: Stats, path: string): void {
  if (process.getuid?.() === 0) chownSync(path, uid, gid);
}
