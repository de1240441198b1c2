import { spawnSync } from 'node:child_process';
import { chmodSync, closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A disk of its own that a test may fill. */
export interface SmallDisk {
  readonly path: string;
  /** Writes a file until there is no room left. */
  fill(): void;
  /** Removes that file. */
  empty(): void;
  remount(options: string): void;
  remove(): void;
}

/**
 * Mounts a disk in memory of this many MiB; null, with a message, where that is not allowed: elsewhere than as root on
 * Linux, and in many containers.
 */
export function smallDisk(mebibytes: number): SmallDisk | null {
  const path = mkdtempSync(join(tmpdir(), 'leopard-disk-'));
  const run = (program: string, ...args: string[]) =>
    spawnSync(program, args, { stdio: 'ignore' }).status === 0;
  if (!run('mount', '-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', path)) {
    rmSync(path, { recursive: true });
    console.log('tests that fill a disk are left out: no disk can be mounted here');
    return null;
  }
  chmodSync(path, 0o777);
  const filler = join(path, 'filler');
  return {
    path,
    fill() {
      const file = openSync(filler, 'a');
      try {
        for (let size = 1024 * 1024; size >= 1; size = Math.floor(size / 2)) {
          const piece = Buffer.alloc(size);
          while (tryWrite(file, piece) === size);
        }
      } finally {
        closeSync(file);
      }
    },
    empty: () => rmSync(filler, { force: true }),
    remount: (options) => void run('mount', '-o', `remount,${options}`, path),
    remove() {
      run('umount', '-l', path);
      rmSync(path, { recursive: true, force: true });
    },
  };
}

function tryWrite(file: number, piece: Buffer): number {
  try {
    return writeSync(file, piece);
  } catch {
    return 0;
  }
}
