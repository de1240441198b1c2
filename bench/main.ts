import { writeFileSync } from 'node:fs';
import { runBench } from './bench.js';
import { readOptions, USAGE } from './options.js';
import { asMarkdown, asText, writeMarkdown } from './report.js';
import { Workshop } from './workshop.js';

/** Repeats the figures of docs/performance.md on this machine; leaves nothing behind, nor when it is interrupted. */

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  const workshop = await Workshop.open();
  workshop.closeOnSignals();
  try {
    const { tables, lines, report } = await runBench(options, workshop, (line) => console.error(line));
    console.log(`\n${[...tables.map(asText), lines.join('\n')].join('\n\n')}`);
    if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
    if (options.markdown !== undefined) {
      writeMarkdown(
        options.markdown,
        options.against ? 'against' : options.micro ? 'decisions' : 'figures',
        [lines.join('\n'), ...tables.map(asMarkdown)].join('\n\n'),
      );
    }
  } catch (error) {
    if (workshop.isClosing) return await workshop.close(); // what a stop cuts short fails
    throw error;
  } finally {
    await workshop.close();
  }
}

if (process.argv.includes('--help')) {
  console.log(USAGE);
} else {
  await main().catch((error: Error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
