import { readFileSync, writeFileSync } from 'node:fs';
import { circles } from './circles.js';
import { DOCUMENT, documentBreaches, withLayers } from './document.js';
import { expressionBreaches } from './expressions.js';
import { drawLayers } from './layers.js';
import { fileBreaches } from './rules.js';
import { FOLDERS, isTest, sourceFiles } from './sources.js';

/**
 * Checks the machine-checkable rules of docs/architecture.md, prints the picture of the layers, and each violation on a
 * line of its own. `--write` first puts the picture into the document.
 */

const files = FOLDERS.flatMap(sourceFiles);
const program = files.filter(({ path }) => path.startsWith('src/'));

const picture = drawLayers(program);
let text = readFileSync(DOCUMENT, 'utf8');
if (process.argv.includes('--write')) {
  text = withLayers(text, picture);
  writeFileSync(DOCUMENT, text);
}

const breaches = [
  ...files.flatMap(fileBreaches),
  ...circles(program.filter(({ path }) => !isTest(path))),
  ...documentBreaches(text, picture),
  ...(await expressionBreaches(files)),
];
console.log(picture);
for (const breach of breaches) console.error(breach);
if (breaches.length > 0) process.exit(1);
console.log(`architecture: ${files.length} files keep the rules`);
