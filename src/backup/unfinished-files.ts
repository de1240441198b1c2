import { randomBytes } from 'node:crypto';
import { readdir, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';

const NAME = /\.(?<host>[^.]*)\.(?<pid>\d+)\.[0-9a-f]{8}\.part$/;
/** Age after which an unfinished backup of another machine is taken for that of a killed process. */
const OUTLIVED_MS = 24 * 3_600_000;

/** The unfinished backups of this process: another one before it may have had its id, as the first in a container. */
const own = new Set<string>();

const host = () => hostname().split('.')[0] ?? '';

/** Returns the name under which a backup is written, which says what process writes it. */
export function unfinishedName(path: string): string {
  const name = `${path}.${host()}.${process.pid}.${randomBytes(4).toString('hex')}.part`;
  own.add(resolve(name));
  return name;
}

/**
 * Removes the unfinished backups of killed processes from a folder.
 * @returns their number
 */
export async function removeUnfinished(folder: string): Promise<number> {
  let removed = 0;
  for (const name of await readdir(folder)) {
    const found = NAME.exec(name)?.groups;
    if (!found) continue;
    const path = join(folder, name);
    const isOurs = found.host === host();
    if (isOurs ? isWritten(path, Number(found.pid)) : await isYoung(path)) continue;
    await rm(path, { force: true });
    removed++;
  }
  return removed;
}

/** Notes that a backup is no longer being written. @param name as `unfinishedName` returned it */
export function endUnfinished(name: string): void {
  own.delete(resolve(name));
}

function isWritten(path: string, pid: number): boolean {
  return pid === process.pid ? own.has(resolve(path)) : isAlive(pid);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function isYoung(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  return found !== null && Date.now() - found.mtimeMs < OUTLIVED_MS;
}
