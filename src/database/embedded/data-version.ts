import { closeSync, existsSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { layoutOf } from './layout.js';

/** The major version of the embedded binaries. */
export const EMBEDDED_MAJOR = '18';
/** The version of the catalogue in that major version's data: a server starts on no other. */
const EMBEDDED_CATALOGUE = 202_506_291;

/** The version of an embedded database's data. */
export interface DataVersion {
  /** The major version of PostgreSQL, such as `18`. */
  readonly major: string;
  /** The version of the catalogue, which differs between major versions, and between their betas; null if unreadable. */
  readonly catalogue: number | null;
}

/** Reads the version of the data in `directory`; null if there are none. */
export function readDataVersion(directory: string): DataVersion | null {
  const { data } = layoutOf(directory);
  const file = join(data, 'PG_VERSION');
  if (!existsSync(file)) return null;
  return { major: readFileSync(file, 'utf8').trim(), catalogue: readCatalogueVersion(data) };
}

/** Returns whether the embedded server starts on such data, possibly after a restart with newer binaries. */
export function isServed({ major, catalogue }: DataVersion): boolean {
  return major === EMBEDDED_MAJOR && (catalogue === null || catalogue === EMBEDDED_CATALOGUE);
}

/** Reads the control file, which begins with the system's identifier (8 bytes), its own and the catalogue's version. */
function readCatalogueVersion(data: string): number | null {
  try {
    const file = openSync(join(data, 'global', 'pg_control'), 'r');
    try {
      const head = Buffer.alloc(16);
      return readSync(file, head, 0, head.length, 0) === head.length ? head.readUInt32LE(12) : null;
    } finally {
      closeSync(file);
    }
  } catch {
    return null;
  }
}
