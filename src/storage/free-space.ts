import { statfsSync, statSync } from 'node:fs';
import { nearestExisting } from '../platform/folders.js';

/** A folder that the program writes to, and its contents. */
export interface WrittenFolder {
  readonly folder: string;
  readonly holds: string;
}

/** The free space on the disk of a folder; `level` tells whether it is enough. */
export interface FreeSpace {
  readonly level: 'ok' | 'low' | 'full';
  /** A line that tells how much is left of what. */
  readonly text: string;
}

const MEBIBYTE = 1024 * 1024;
/** Free bytes below which an operator should make room soon. */
const LOW = 1024 * MEBIBYTE;
/** Free bytes below which the database may not start: it creates files of 16 MiB. */
const FULL = 64 * MEBIBYTE;
const LOW_FILES = 10_000;

/** Returns the free space on each disk of these folders, named by the first folder on it. */
export function freeSpace(folders: readonly WrittenFolder[]): FreeSpace[] {
  const seen = new Set<number>();
  return folders.flatMap(({ folder, holds }) => {
    const found = nearestExisting(folder);
    const { dev } = statSync(found);
    if (seen.has(dev)) return [];
    seen.add(dev);
    return [spaceOf(found, `${holds} in ${folder}`)];
  });
}

function spaceOf(path: string, what: string): FreeSpace {
  const { bavail, bsize, files, ffree } = statfsSync(path);
  const bytes = bavail * bsize;
  const hasFewFiles = files > 0 && ffree < LOW_FILES;
  if (bytes >= LOW && !hasFewFiles) return { level: 'ok', text: `${amount(bytes)} are free for ${what}` };
  const left = bytes >= LOW ? `${ffree} more files` : amount(bytes);
  const level = bytes < FULL || (hasFewFiles && ffree === 0) ? 'full' : 'low';
  return { level, text: `only ${left} can be written for ${what}; make room on that disk` };
}

function amount(bytes: number): string {
  return bytes < LOW ? `${Math.floor(bytes / MEBIBYTE)} MiB` : `${(bytes / LOW).toFixed(1)} GiB`;
}
