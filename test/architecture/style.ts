import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { wrapped } from './markdown.js';
import { FOLDERS, ROOT } from './sources.js';
import { bannedIn, breachesOf } from './wording.js';

/** Checks the machine-checkable rules of docs/style.md. `--write` first wraps the lines of the documentation. */

function filesIn(folder: string, ending: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending) && !name.includes('generated/'))
    .map((name) => join(folder, name));
}

const breaches: string[] = [];
for (const path of FOLDERS.flatMap((folder) => filesIn(folder, '.ts'))) {
  const found = breachesOf(readFileSync(join(ROOT, path), 'utf8'));
  breaches.push(...found.map((breach) => `${path}:${breach}`));
}
for (const path of [...filesIn('docs', '.md'), 'README.md', 'clients/typescript/README.md']) {
  const page = readFileSync(join(ROOT, path), 'utf8');
  const right = wrapped(page);
  if (process.argv.includes('--write')) writeFileSync(join(ROOT, path), right);
  else if (right !== page) breaches.push(`${path} has lines that are not wrapped; run npm run format`);
  // The page of the rules shows what they forbid.
  if (path !== 'docs/style.md') breaches.push(...bannedIn(right).map((phrase) => `${path} "${phrase}"`));
}
for (const breach of breaches) console.error(breach);
if (breaches.length > 0) process.exit(1);
console.log('style: comments and documentation keep the rules of docs/style.md');
