import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../src/platform/package-root.js';

/** Returns the shell commands below a heading of docs/backups.md, block by block. */
export function shellBlocks(heading: string): string[] {
  const page = readFileSync(join(PACKAGE_ROOT, 'docs', 'backups.md'), 'utf8');
  const start = page.indexOf(`\n${heading}\n`);
  if (start < 0) throw new Error(`docs/backups.md has no heading ${heading}`);
  const rest = page.slice(start + heading.length + 2);
  const section = rest.split(/^#{2,3} /m)[0] ?? '';
  return [...section.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, commands]) => commands!);
}
