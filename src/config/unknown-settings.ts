import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../platform/package-root.js';

/** A variable that looks like a setting, and that nothing reads. */
export interface UnknownSetting {
  readonly name: string;
  /** The setting of a similar spelling, or null. */
  readonly near: string | null;
}

/** Variables that the program reads and that are no settings. */
const OTHERS = ['LEOPARD_PASSWORD'];
/** Beginnings that no other program's variables have. */
const OURS = /^(?:LEOPARD|DOCTOR)_/;
const SHORTEST_NEAR = 6;
const LARGEST_DISTANCE = 2;

/** Reads the names of all settings from .env.example, which a test compares with what is read. Empty if it is missing. */
export function knownSettings(): readonly string[] {
  const file = join(PACKAGE_ROOT, '.env.example');
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').matchAll(/^(?:# )?([A-Z][A-Z0-9_]+)=/gm);
  return [...new Set([...lines].map(([, name]) => name!))];
}

/**
 * Finds variables that are probably meant as settings and have no effect: any name in .env, and those of the environment
 * that begin like the program's own (`LEOPARD_`, `DOCTOR_`) or are spelled almost like one. Those of other programs may begin
 * like further settings: REQUESTS_CA_BUNDLE.
 * @param known the names of all settings; without any, nothing is found
 */
export function unknownSettings(
  {
    environment,
    file,
  }: { readonly environment: NodeJS.ProcessEnv; readonly file: Readonly<Record<string, string>> },
  known: readonly string[],
): UnknownSetting[] {
  if (known.length === 0) return [];
  const isKnown = (name: string) => known.includes(name) || OTHERS.includes(name);
  const suspicious = Object.keys(environment).filter(
    (name) => OURS.test(name) || nearest(name, known) !== null,
  );
  return [...new Set([...Object.keys(file), ...suspicious])]
    .filter((name) => !isKnown(name))
    .toSorted()
    .map((name) => ({ name, near: nearest(name, known) }));
}

function nearest(name: string, known: readonly string[]): string | null {
  if (name.length < SHORTEST_NEAR) return null;
  let best: string | null = null;
  let least = LARGEST_DISTANCE + 1;
  for (const other of known) {
    if (Math.abs(other.length - name.length) >= least) continue;
    const distance = distanceBetween(name.toUpperCase(), other);
    if (distance < least) [best, least] = [other, distance];
  }
  return best;
}

/** Returns the number of letters to insert, delete or replace to make one text of the other. */
function distanceBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + Number(a[i - 1] !== b[j - 1]);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
