import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../architecture/sources.js';
import { readSources } from './vendored-files.js';

/** Licences under which code may be part of the program: they ask for no more than to be named. */
const ALLOWED = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'MIT-0',
  'Python-2.0',
  'Unlicense',
  'Zlib',
]);

/** Licences of single packages. */
const EXCEPTIONS: readonly {
  readonly licence: string;
  readonly packages: RegExp;
  readonly onlyTools: boolean;
}[] = [
  // Runs in tests and checks, and is not shipped.
  { licence: 'MPL-2.0', packages: /^(lightningcss(-|$)|axe-core$)/, onlyTools: true },
  // Shared libraries, loaded as they are and replaceable.
  { licence: 'LGPL-3.0-or-later', packages: /^@img\/sharp-/, onlyTools: false },
];

interface LockedPackage {
  readonly license?: string;
  readonly dev?: boolean;
  readonly link?: boolean;
}

/** Returns whether an SPDX expression can be met with these licences: all parts of AND, one of OR. */
export function isAllowed(expression: string, allowed: (licence: string) => boolean): boolean {
  const text = expression.trim();
  const inner = /^\(([^()]*)\)$/.exec(text)?.[1];
  if (inner !== undefined) return isAllowed(inner, allowed);
  const alternatives = text.split(/ OR (?![^(]*\))/);
  if (alternatives.length > 1) return alternatives.some((part) => isAllowed(part, allowed));
  const parts = text.split(/ AND (?![^(]*\))/);
  if (parts.length > 1) return parts.every((part) => isAllowed(part, allowed));
  return allowed(text);
}

/** Returns a package's name from its path in a lock file. */
export const nameOf = (path: string) =>
  path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);

/** Returns whether an entry of a lock file is a package of others: not the project, a client of its own, or a link to it. */
export const isForeign = (path: string, { link = false }: LockedPackage) =>
  path.includes('node_modules/') && !link;

/** Returns the packages of a lock file whose licence is not among the allowed ones, one line each. */
export function licenceBreaches(packages: Readonly<Record<string, LockedPackage>>): string[] {
  return Object.entries(packages).flatMap(([path, locked]) => {
    if (!isForeign(path, locked)) return [];
    const { license, dev = false } = locked;
    const name = nameOf(path);
    const allowed = (licence: string) =>
      ALLOWED.has(licence) ||
      EXCEPTIONS.some(
        (exception) =>
          exception.licence === licence && exception.packages.test(name) && (dev || !exception.onlyTools),
      );
    if (license !== undefined && isAllowed(license, allowed)) return [];
    return [
      `${path} has ${license === undefined ? 'no licence' : `the licence ${license}`}, which test/dependencies/licences.ts does not allow`,
    ];
  });
}

/** Returns the breaches of the project's own lock file and of the files taken out of packages. */
export function ownLicenceBreaches(): string[] {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'));
  const vendored = readSources().map(({ name, license }) => [`node_modules/${name}`, { license }]);
  return licenceBreaches({ ...packages, ...Object.fromEntries(vendored) });
}
