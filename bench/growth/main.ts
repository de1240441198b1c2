import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { asMarkdown, asText, machine, writeMarkdown } from '../report.js';
import { loadAverage, surroundings } from '../surroundings.js';
import { openScene, rowsOf } from '../tenants/scene.js';
import { Workshop } from '../workshop.js';
import { CASES } from './cases.js';
import { growAgency } from './fill.js';
import { measureGrowth } from './measure.js';
import { growthTable } from './table.js';

/** Measures how the cost of single requests grows with an agency; see docs/performance.md. */

const USAGE = `npm run bench:growth -- [options]
  --sizes a,b        numbers of clients, default 10000,100000
  --full             also 1000000
  --only TEXT        only the requests whose description contains this text
  --rounds n         default 3
  --seconds n        of each request in each round, default 0.5
  --data FOLDER      uses the agencies in this folder, adds what is missing and keeps it; default: a temporary one
  --json FILE        also writes all figures for a program to read
  --markdown FILE    also writes the table; between the marks of a file that has them, as docs/performance.md`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', default: false },
      full: { type: 'boolean', default: false },
      sizes: { type: 'string', default: '10000,100000' },
      only: { type: 'string', default: '' },
      rounds: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '0.5' },
      data: { type: 'string' },
      json: { type: 'string' },
      markdown: { type: 'string' },
    },
  });
  if (values.help) return console.log(USAGE);
  const sizes = [...values.sizes.split(',').map(Number), ...(values.full ? [1_000_000] : [])];
  if (sizes.some((size) => !Number.isInteger(size) || size < 1_000)) throw new Error(USAGE);
  const cases = CASES.filter(({ what }) => what.includes(values.only));
  const say = (line: string) => console.error(line);
  const before = loadAverage();
  const workshop = await Workshop.open();
  workshop.closeOnSignals();
  try {
    if (values.data) mkdirSync(values.data, { recursive: true });
    const scene = await openScene(workshop, { tenants: sizes.length, data: values.data }, say);
    for (const size of sizes) await growAgency(scene, size);
    const figures = await measureGrowth(scene, {
      ...{ cases, sizes, rounds: Number(values.rounds), seconds: Number(values.seconds) },
    });
    const [server] = await rowsOf<{ version: string }>(
      scene,
      "SELECT current_setting('server_version') AS version",
    );
    const on = machine(surroundings(workshop.directory, server?.version ?? '', before)).join('\n');
    const table = growthTable(sizes, figures);
    console.log(`\n${on}\n\n${asText(table)}`);
    if (values.json) writeFileSync(values.json, `${JSON.stringify(figures, null, 2)}\n`);
    if (values.markdown) writeMarkdown(values.markdown, 'growth', `${on}\n\n${asMarkdown(table)}`);
  } catch (error) {
    if (!workshop.isClosing) throw error; // what a stop cuts short fails
  } finally {
    await workshop.close();
  }
}

await main().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
