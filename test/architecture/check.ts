import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { circles } from './circles.js';
import { drawLayers } from './layers.js';
import { fileBreaches } from './rules.js';
import { isTest, ROOT, sourceFiles } from './sources.js';

/**
 * Checks the rules of docs/architecture.md that a machine can see, prints the picture of the layers, and each breach on
 * a line of its own. `--write` puts the picture into the document instead of comparing it.
 */

const DOCUMENT = join(ROOT, 'docs/architecture.md');
/** The block of code after the document's heading "Layers". */
const PICTURE = /(?<=^## Layers\n[^#]*?^```\n).*?(?=^```$)/ms;

const files = ['src', 'test', 'bench'].flatMap(sourceFiles);
const program = files.filter(({ path }) => path.startsWith('src/'));
const breaches = [...files.flatMap(fileBreaches), ...circles(program.filter(({ path }) => !isTest(path)))];

const picture = drawLayers(program);
const text = readFileSync(DOCUMENT, 'utf8');
if (process.argv.includes('--write'))
  writeFileSync(
    DOCUMENT,
    text.replace(PICTURE, () => picture),
  );
else if (PICTURE.exec(text)?.[0] !== picture) {
  breaches.push('docs/architecture.md shows other layers; run `npm run architecture`, which draws them');
}

console.log(picture);
for (const breach of breaches) console.error(breach);
if (breaches.length > 0) process.exit(1);
console.log(`architecture: ${files.length} files keep the rules`);
