import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type AgencyProgram, serverVersion, startAgency } from './agency.js';
import { AGENCY_PARTS, type AgencyPart } from './agency-cases.js';
import { Child } from './child.js';
import type { Sample } from './closed-loop.js';
import type { LoadCalls } from './load-process.js';
import { asMarkdown, asText, machine, type Table, writeMarkdown } from './report.js';
import { joined, median, percentile } from './statistics.js';
import { loadAverage, surroundings } from './surroundings.js';
import { Workshop } from './workshop.js';

/**
 * Measures how long single requests take on an agency of 10,000 clients and as many applications of either kind, one
 * after the other over one connection. npm run bench:search, npm run bench:dashboards [-- options]; leaves nothing
 * behind.
 */

const USAGE = `node --import tsx bench/agency-bench.ts ${Object.keys(AGENCY_PARTS).join('|')} [options]
  --rounds n        default 3
  --seconds n       of each request in each round, default 1
  --json FILE       also writes all figures for a program to read
  --markdown FILE   also writes the table; between the marks of a file that has them, as docs/performance.md`;

interface Figure {
  readonly what: string;
  readonly who: string;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Milliseconds of processor time for each; null where it is unknown. */
  readonly node: number | null;
  readonly postgres: number | null;
}

interface Asked {
  readonly what: string;
  readonly who: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly samples: Sample[];
}

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '1' },
      json: { type: 'string' },
      markdown: { type: 'string' },
    },
  });
  const [name] = positionals;
  if (name !== 'search' && name !== 'dashboards') throw new Error(USAGE);
  const part = AGENCY_PARTS[name];
  const loadBefore = loadAverage();
  const workshop = await Workshop.open();
  workshop.closeOnSignals();
  try {
    const agency = await startAgency(workshop, (line) => console.error(line));
    const figures = await measure(agency, part, workshop, Number(values.rounds), Number(values.seconds));
    const lines = machine(surroundings(agency.instance.directory, await serverVersion(agency), loadBefore));
    const table = tableOf(part, figures);
    console.log(`\n${lines.join('\n')}\n\n${asText(table)}`);
    if (values.json) writeFileSync(values.json, `${JSON.stringify(figures, null, 2)}\n`);
    if (values.markdown) writeMarkdown(values.markdown, name, `${lines.join('\n')}\n\n${asMarkdown(table)}`);
  } finally {
    await workshop.close();
  }
}

async function measure(
  agency: AgencyProgram,
  { cases }: AgencyPart,
  workshop: Workshop,
  rounds: number,
  seconds: number,
): Promise<Figure[]> {
  const asked = cases.flatMap(({ what, path }): Asked[] => [
    { what, path, who: 'whole agency', headers: agency.admin, samples: [] },
    { what, path, who: 'one branch', headers: agency.branch, samples: [] },
  ]);
  const load = new Child<LoadCalls>('load-process.ts');
  workshop.atEnd(() => load.stop());
  for (let round = 1; round <= rounds; round++) {
    console.error(`round ${round} of ${rounds}`);
    for (const { path, headers, samples } of asked) {
      const sample = await load.call('load', {
        port: agency.port,
        requests: [{ method: 'GET', path, headers }],
        status: 200,
        connections: 1,
        seconds,
        watched: agency.program.watched,
      });
      samples.push(sample);
    }
  }
  return asked.map(figureOf);
}

function figureOf({ what, who, samples }: Asked): Figure {
  const all = joined(samples.map(({ latencies }) => latencies));
  const cpu = (of: 'node' | 'postgres') => {
    const known = samples.map((sample) => sample.cpu[of]).filter((time) => time !== null);
    return known.length > 0 ? median(known) : null;
  };
  return {
    what,
    who,
    p50: percentile(all, 0.5),
    p99: percentile(all, 0.99),
    node: cpu('node'),
    postgres: cpu('postgres'),
  };
}

function tableOf({ title, aim }: AgencyPart, figures: readonly Figure[]): Table {
  const number = (value: number | null) => (value === null ? '–' : value.toFixed(1));
  return {
    title: `${title}, in ms; aim for half of the requests: under ${aim}`,
    head: ['', 'who asks', 'p50', 'p99', 'processor: node', 'PostgreSQL'],
    rows: figures.map(({ what, who, p50, p99, node, postgres }) => [
      what,
      who,
      ...[p50, p99, node, postgres].map(number),
    ]),
  };
}

await main().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
