import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../platform/package-root.js';

let common: ReadonlySet<string> | undefined;

/**
 * Returns whether this is one of some 15,000 well-known passwords, whatever its case. The list omits what the other
 * rules reject: shorter than eight characters, or digits only.
 */
export function isCommonPassword(password: string): boolean {
  common ??= new Set(readFileSync(join(PACKAGE_ROOT, 'data/common-passwords.txt'), 'utf8').split(/\r?\n/));
  return common.has(password.toLowerCase().trim());
}
