import { parseArgs } from 'node:util';
import { serverVersion, startAgency } from './agency.js';
import { ask } from './ask.js';
import { closedLoop } from './closed-loop.js';
import { HttpConnection, requestBytes } from './http-connection.js';
import { Program } from './program.js';
import { asMarkdown, asText, machine, writeMarkdown } from './report.js';
import { median } from './statistics.js';
import { loadAverage, surroundings } from './surroundings.js';
import { Workshop } from './workshop.js';

/**
 * Measures answers that nobody has changed meanwhile: made anew, given again from memory, and 304 to If-None-Match. The
 * program is started in turn without and with memory for answers. npm run bench:answers [-- --rounds 4 --seconds 1
 * --connections 16 --markdown FILE].
 */

const PATHS = [
  '/api/v1/clients/',
  '/api/v1/tasks/',
  '/api/v1/clients/1/',
  '/api/v1/notifications/unread_count/',
  '/api/v1/visa-applications/dashboard-statistics/',
  '/api/v1/college-applications/dashboard-statistics/',
];
/** Number of requests before a round, so that the answer is kept. */
const BEFORE = 3;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '4' },
    seconds: { type: 'string', default: '1' },
    connections: { type: 'string', default: '16' },
    markdown: { type: 'string' },
  },
});
const [rounds, seconds, connections] = [values.rounds, values.seconds, values.connections].map(Number);

/** The rates of one address, a figure for each round. */
class Rates {
  readonly anew: number[] = [];
  readonly again: number[] = [];
  readonly unchanged: number[] = [];
}

const load = loadAverage();
const workshop = await Workshop.open();
workshop.closeOnSignals();
try {
  const agency = await startAgency(workshop, (line) => console.error(line));
  const version = await serverVersion(agency);
  await agency.program.stop();
  const { port, admin, instance } = agency;

  const measure = async (program: Program, path: string, etag?: string): Promise<number> => {
    const headers = etag === undefined ? admin : { ...admin, 'if-none-match': etag };
    const bytes = requestBytes({ method: 'GET', path, headers });
    const open = await Promise.all(
      Array.from({ length: connections as number }, () => HttpConnection.open(port)),
    );
    const steps = open.map((connection) => async () => {
      const status = await connection.ask(bytes);
      if (status !== (etag === undefined ? 200 : 304)) throw new Error(`${path} was answered with ${status}`);
    });
    const { perSecond } = await closedLoop(steps, { seconds: seconds as number, watched: program.watched });
    for (const connection of open) connection.close();
    return perSecond;
  };

  const found = new Map(PATHS.map((path) => [path, new Rates()]));
  for (let round = 1; round <= (rounds as number); round++) {
    for (const megabytes of ['0', '64']) {
      workshop.ensureOpen();
      console.error(`round ${round}, ${megabytes} MB for answers`);
      const program = new Program(instance, [], { ANSWER_CACHE_MB: megabytes });
      try {
        await program.ready();
        for (const [path, { anew, again, unchanged }] of found) {
          const asked = { method: 'GET', path, headers: admin };
          let etag = '';
          for (let n = 0; n < BEFORE; n++) etag = (await ask(port, asked)).headers.etag ?? '';
          (megabytes === '0' ? anew : again).push(await measure(program, path));
          if (megabytes !== '0') unchanged.push(await measure(program, path, etag));
        }
      } finally {
        await program.stop();
      }
    }
  }
  const rows = [...found].map(([path, rates]) => {
    const [anew, again, unchanged] = [rates.anew, rates.again, rates.unchanged].map(median);
    const times = (rate: number) => (rate / (anew as number)).toFixed(1);
    return [
      `\`${path}\``,
      ...[anew, again].map((rate) => Math.round(rate as number).toLocaleString('en')),
      times(again as number),
      Math.round(unchanged as number).toLocaleString('en'),
      times(unchanged as number),
    ];
  });
  const table = {
    title: `Answers that nobody has changed, ${connections} connections, requests/s`,
    head: ['', 'made anew', 'given again', 'times', '304', 'times'],
    rows,
  };
  const conditions = machine(surroundings(instance.directory, version, load)).join('\n');
  console.log(`${conditions}\n\n${asText(table)}`);
  if (values.markdown) writeMarkdown(values.markdown, 'answers', `${conditions}\n\n${asMarkdown(table)}`);
} finally {
  await workshop.close();
}
