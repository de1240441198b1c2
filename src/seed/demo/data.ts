import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { PACKAGE_ROOT } from '../../platform/package-root.js';

/** Reads one of the files in data/demo. */
export function readDemoData<Content>(file: string): Content {
  return parse(readFileSync(join(PACKAGE_ROOT, 'data', 'demo', file), 'utf8'));
}
