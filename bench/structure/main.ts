import { resolve } from 'node:path';
import { PACKAGE_ROOT } from '../../src/platform/package-root.js';
import { Workshop } from '../workshop.js';
import { observe } from './run.js';
import { countSource } from './source.js';

/** Prints the size and depth of the program: `npm run structure -- [folder of another checkout] [--all]`. */

const args = process.argv.slice(2);
const root = resolve(args.find((arg) => !arg.startsWith('-')) ?? PACKAGE_ROOT);
const workshop = await Workshop.open();
workshop.closeOnSignals();
try {
  const { files: sources, lines, casts } = countSource(root);
  const { frames, files } = await observe(root, workshop);
  const rows: [string, string | number][] = [
    ['files of src', sources],
    ['lines of src', lines],
    ['casts per 1,000 lines', ((1_000 * casts) / lines).toFixed(1)],
    ...[...frames].map(([name, { length }]): [string, number] => [
      `frames from route to SQL: ${name}`,
      length,
    ]),
    ...[...files].map(([name, { length }]): [string, number] => [`files entered: ${name}`, length]),
  ];
  for (const [what, figure] of rows) console.log(`| ${what.padEnd(44)} | ${String(figure).padStart(7)} |`);
  if (args.includes('--all'))
    console.log(JSON.stringify({ frames: [...frames], files: [...files] }, null, 1));
} finally {
  await workshop.close();
}
