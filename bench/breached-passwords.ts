import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { PREFIX_BYTES, prefixOf } from '../src/auth/breached-passwords.js';
import { PACKAGE_ROOT } from '../src/platform/package-root.js';

// Writes data/breached-passwords.bin from lists of one password per line, which may be gzipped:
//   npm run breached-passwords -- LIST…
// data/breached-passwords.LICENSE names the lists of the present file.

const SHORTEST = 8;

/** Returns whether the other rules accept a password: those they reject need no place in the file. */
function counts(password: string): boolean {
  return [...password].length >= SHORTEST && !/^\p{Nd}+$/u.test(password);
}

function passwordsIn(file: string): string[] {
  const bytes = readFileSync(file);
  const text = file.endsWith('.gz') ? gunzipSync(bytes) : bytes;
  return text.toString('utf8').split(/\r?\n/);
}

const files = process.argv.slice(2);
if (files.length === 0) throw new Error('name the lists: npm run breached-passwords -- LIST…');
const passwords = files.flatMap(passwordsIn).map((password) => password.toLowerCase().trim());
const prefixes = [...new Set(passwords.filter(counts).map((password) => prefixOf(password).toString('hex')))];
const file = join(PACKAGE_ROOT, 'data/breached-passwords.bin');
writeFileSync(file, Buffer.from(prefixes.sort().join(''), 'hex'));
console.info(`${file}: ${prefixes.length} passwords of ${PREFIX_BYTES} bytes each`);
