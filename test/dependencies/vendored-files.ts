import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../architecture/sources.js';

/** The folder of files that were taken out of packages, without what those packages depend on. */
export const FOLDER = join(ROOT, 'data', 'api-docs');
/** The file that says where they come from. */
export const SOURCES = join(FOLDER, 'sources.json');

/** A package from which files were taken. */
export interface VendoredPackage {
  readonly name: string;
  readonly version: string;
  /** An SPDX expression. */
  readonly license: string;
  /** The checksum of its archive, as in a lock file. */
  readonly integrity: string;
  /** Name here → its place in the package, and the SHA-256 of its content in hexadecimal. */
  readonly files: Readonly<Record<string, { readonly from: string; readonly sha256: string }>>;
}

/** Reads the packages from which files were taken. */
export function readSources(): VendoredPackage[] {
  return JSON.parse(readFileSync(SOURCES, 'utf8'));
}

export const sha256 = (content: Buffer) => createHash('sha256').update(content).digest('hex');

/** Returns what is wrong with the files of the folder, one line each: changed, missing or of unknown origin. */
export function vendoredBreaches(): string[] {
  const known = new Map(readSources().flatMap(({ files }) => Object.entries(files)));
  const present = readdirSync(FOLDER).filter((name) => name !== 'sources.json');
  const place = (name: string) => `data/api-docs/${name}`;
  return [
    ...present.filter((name) => !known.has(name)).map((name) => `${place(name)} is not in sources.json`),
    ...[...known].flatMap(([name, file]) => {
      if (!present.includes(name)) return [`${place(name)} is missing; run: npm run vendor`];
      const isSame = sha256(readFileSync(join(FOLDER, name))) === file.sha256;
      return isSame ? [] : [`${place(name)} is not the published file; run: npm run vendor`];
    }),
  ];
}
