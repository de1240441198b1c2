import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../platform/package-root.js';

/** Bytes of a password's hash that the file keeps. */
export const PREFIX_BYTES = 5;
const FILE = join(PACKAGE_ROOT, 'data/breached-passwords.bin');

let prefixes: Buffer | undefined;

/**
 * Returns whether this is one of some 550,000 passwords from published breaches, whatever its case. The file (2.7 MB)
 * holds the sorted beginnings of their hashes and is read with the first check; one password in two million is taken
 * for one of them by mistake.
 */
export function isBreachedPassword(password: string): boolean {
  prefixes ??= readFileSync(FILE);
  return holds(prefixes, prefixOf(password));
}

/** Returns the beginning of a password's hash as the file stores it: of the password in lower case, trimmed. */
export function prefixOf(password: string): Buffer {
  return createHash('sha256').update(password.toLowerCase().trim()).digest().subarray(0, PREFIX_BYTES);
}

/** Returns whether a prefix is among sorted ones, by binary search. */
function holds(sorted: Buffer, wanted: Buffer): boolean {
  let low = 0;
  let high = sorted.length / PREFIX_BYTES;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const at = middle * PREFIX_BYTES;
    const order = sorted.compare(wanted, 0, PREFIX_BYTES, at, at + PREFIX_BYTES);
    if (order === 0) return true;
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return false;
}
