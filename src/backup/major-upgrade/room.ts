import { lstatSync, readdirSync, statfsSync } from 'node:fs';
import { join } from 'node:path';

const MEBIBYTE = 1024 * 1024;
/** Size of a new, empty database, with its first segments of the log. */
const EMPTY = 128 * MEBIBYTE;

/** The bytes that an upgrade needs, and those that are free on the disk. */
export interface Room {
  readonly data: number;
  readonly needed: number;
  readonly free: number;
}

/** Returns the room for a copy of the data beside them, and for the backup from which it is made. */
export function roomFor(data: string, directory: string): Room {
  const size = sizeOf(data);
  const { bavail, bsize } = statfsSync(directory);
  return { data: size, needed: Math.ceil(1.5 * size) + EMPTY, free: bavail * bsize };
}

function sizeOf(folder: string): number {
  let bytes = 0;
  for (const name of readdirSync(folder, { recursive: true }) as string[]) {
    const stat = lstatSync(join(folder, name), { throwIfNoEntry: false });
    if (stat?.isFile()) bytes += stat.size;
  }
  return bytes;
}

/** Returns an amount of bytes in words. */
export function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / MEBIBYTE)} MiB`;
}
