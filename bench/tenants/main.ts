import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { asMarkdown, asText, machine, writeMarkdown } from '../report.js';
import { loadAverage, surroundings } from '../surroundings.js';
import { Workshop } from '../workshop.js';
import { fillAgencies } from './agencies.js';
import { measureBackingUp } from './backing-up.js';
import { measureCreation } from './creating.js';
import { measureCreationBeside } from './creating-beside.js';
import { measureDeletion } from './deleting.js';
import { measureListing } from './listing.js';
import { measureMigrating } from './migrating.js';
import { type Options, type Part, readOptions, USAGE } from './options.js';
import { type TenantsReport, tables } from './report.js';
import { openScene, rowsOf } from './scene.js';

/** Measures the program with many agencies: see docs/scale.md. Leaves nothing behind but the folder of `--data`. */

/** The sizes of the measurement of deletions. */
const DELETION = { made: 60, deleted: 20, atOnce: 4, events: 1_000, picturesOfEach: 3 };

async function main(options: Options): Promise<void> {
  const load = loadAverage();
  const say = (line: string) => console.error(line);
  const { only, tenants, json, markdown } = options;
  const workshop = await Workshop.open();
  workshop.closeOnSignals();
  try {
    let report: TenantsReport = {
      tenants,
      ...{ create: null, beside: null, list: null, backup: null, migrate: null, delete: null },
    };
    let server = '';
    const wants = (part: Part) => only.has(part);
    if (PARTS_OF_SCENE.some(wants)) {
      const scene = await openScene(workshop, options, say);
      const [version] = await rowsOf<{ version: string }>(
        scene,
        "SELECT current_setting('server_version') AS version",
      );
      server = version?.version ?? '';
      report = { ...report, create: await measureCreation(scene) };
      if (wants('create')) report = { ...report, beside: await measureCreationBeside(scene) };
      if (wants('list') || wants('backup')) {
        say('filling them');
        await fillAgencies(scene);
      }
      if (wants('list')) report = { ...report, list: await measureListing(scene) };
      if (wants('backup')) report = { ...report, backup: await measureBackingUp(scene) };
      if (wants('migrate')) report = { ...report, migrate: await measureMigrating(scene) };
    }
    if (wants('delete')) {
      say(`making ${DELETION.made} agencies and deleting ${DELETION.deleted}`);
      const folder = join(workshop.directory, 'media');
      mkdirSync(folder);
      report = { ...report, delete: await measureDeletion({ ...DELETION, folder }) };
    }
    const on = surroundings(workshop.directory, server, load);
    const found = tables(report);
    console.log(`\n${[machine(on).join('\n'), ...found.map(asText)].join('\n\n')}`);
    if (json !== undefined)
      writeFileSync(json, `${JSON.stringify({ surroundings: on, ...report }, null, 2)}\n`);
    if (markdown !== undefined)
      writeMarkdown(markdown, 'tenants', [machine(on).join('\n'), ...found.map(asMarkdown)].join('\n\n'));
  } catch (error) {
    if (!workshop.isClosing) throw error; // what a stop cuts short fails
  } finally {
    await workshop.close();
  }
}

const PARTS_OF_SCENE: readonly Part[] = ['create', 'list', 'backup', 'migrate'];

if (process.argv.includes('--help')) {
  console.log(USAGE);
} else {
  await Promise.resolve()
    .then(() => main(readOptions(process.argv.slice(2))))
    .catch((error: Error) => {
      console.error(error.message);
      process.exitCode = 1;
    });
}
