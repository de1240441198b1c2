import { parseArgs } from 'node:util';
import { passwordWork } from '../src/auth/password-work.js';
import { hashPassword, verifyPassword } from '../src/auth/passwords.js';
import { CONTRACT_PASSWORD } from '../src/seed/contract-rows.js';
import { serverVersion, startAgency } from './agency.js';
import { type Case, cases, contractPlace } from './cases.js';
import { closedLoop } from './closed-loop.js';
import { handleBacklog } from './event-backlog.js';
import { HttpConnection, requestBytes } from './http-connection.js';
import { freePort, type Program } from './program.js';
import { asMarkdown, asText, machine, type Table, writeMarkdown } from './report.js';
import { median } from './statistics.js';
import { Inspector } from './structure/inspector.js';
import { loadAverage, surroundings } from './surroundings.js';
import { Workshop } from './workshop.js';

/**
 * Profiles the program under load: the functions of its Node process with the most time of their own, and what a log-in
 * costs beside its argon2id; also those of handling a backlog of events. npm run bench:profile [-- --only
 * list,create,login,event --seconds 3 --rounds 3 --connections 16 --markdown FILE].
 */

const TOP = 10;
/** Passwords that are checked to find out what one check costs. */
const CHECKS = 40;

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: 'list,create,login,event' },
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '3' },
    connections: { type: 'string', default: '16' },
    markdown: { type: 'string' },
  },
});
const [seconds, rounds, connections] = [values.seconds, values.rounds, values.connections].map(Number) as [
  number,
  number,
  number,
];

/** Returns one case's load, without the profiler's. */
async function load(program: Program, port: number, { requests, status: wanted, what }: Case) {
  const open = await Promise.all(Array.from({ length: connections }, () => HttpConnection.open(port)));
  const bytes = requests.map(requestBytes);
  let next = 0;
  const steps = open.map((connection) => async () => {
    const status = await connection.ask(bytes[next++ % bytes.length] as Buffer);
    if (status !== wanted) throw new Error(`${what} was answered with ${status}`);
  });
  const sample = await closedLoop(steps, { seconds, watched: program.watched });
  for (const connection of open) connection.close();
  return sample;
}

/** Returns the functions with the most time of their own while a case's load runs. */
async function profile(inspector: Inspector, running: () => Promise<unknown>, what: string): Promise<Table> {
  await inspector.startProfile();
  await running();
  const { nodes, samples, timeDeltas } = await inspector.stopProfile();
  const own = new Map<number, number>();
  for (const [i, id] of samples.entries()) own.set(id, (own.get(id) ?? 0) + (timeDeltas[i] ?? 0));
  const byFunction = new Map<string, number>();
  let busy = 0;
  for (const { id, callFrame } of nodes) {
    const time = own.get(id) ?? 0;
    const { functionName, url, lineNumber } = callFrame;
    if (functionName === '(idle)' || functionName === '(root)') continue;
    busy += time;
    const place = url === '' ? '' : ` ${shortened(url)}:${lineNumber + 1}`;
    const name = `\`${functionName || 'anonymous'}\`${place}`;
    byFunction.set(name, (byFunction.get(name) ?? 0) + time);
  }
  const rows = [...byFunction].toSorted(([, one], [, other]) => other - one).slice(0, TOP);
  return {
    title: `Profile of ${what}: share of the main thread's time`,
    head: ['function', '% of it'],
    rows: rows.map(([name, time]) => [name, ((100 * time) / busy).toFixed(1)]),
  };
}

/** Returns a file's name as seen from the program's folder. */
function shortened(url: string): string {
  return url.replace(/^file:.*\/(?=(dist|src|node_modules)\/)/, '').replace(/^.*\/(?=node_modules\/)/, '');
}

/** Returns the milliseconds of processor time that checking one password takes, two at once as in the program. */
async function checkAlone(stored: string): Promise<number> {
  const before = process.cpuUsage();
  await Promise.all(Array.from({ length: CHECKS }, () => verifyPassword(CONTRACT_PASSWORD, stored)));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000 / CHECKS;
}

const busyBefore = loadAverage();
const workshop = await Workshop.open();
workshop.closeOnSignals();
try {
  const inspected = await freePort();
  const agency = await startAgency(workshop, (line) => console.error(line), {
    NODE_OPTIONS: `--inspect=127.0.0.1:${inspected}`,
  });
  const { port, host, program, admin, instance } = agency;
  const version = await serverVersion(agency);
  const token = String(admin.authorization).replace('Bearer ', '');
  const named = new Set(values.only.split(','));
  const chosen = cases(contractPlace(host, token, CONTRACT_PASSWORD)).filter(({ name }) => named.has(name));
  const inspector = await Inspector.connect(await Inspector.urlAt(inspected));
  workshop.atEnd(() => inspector.close());
  const tables: Table[] = [];
  for (const each of chosen) {
    workshop.ensureOpen();
    console.error(each.what);
    await load(program, port, each); // a first time, so that all is compiled
    tables.push(await profile(inspector, () => load(program, port, each), each.what));
  }
  if (named.has('event')) {
    const what = 'handling 10,000 events of clients that were assigned';
    console.error(what);
    await handleBacklog(instance); // a first time, so that all is compiled
    tables.push(await profile(inspector, () => handleBacklog(instance), what));
  }
  const logIn = chosen.find(({ name }) => name === 'login');
  if (logIn) {
    passwordWork.setLimits({ atOnce: 2, waiting: 0, waitingPerTenant: 0, waitingPerAddress: 0 });
    const stored = await hashPassword(CONTRACT_PASSWORD);
    const alone: number[] = [];
    const node: number[] = [];
    const postgres: number[] = [];
    for (let round = 1; round <= rounds; round++) {
      workshop.ensureOpen();
      alone.push(await checkAlone(stored));
      const { cpu } = await load(program, port, logIn);
      node.push(cpu.node ?? Number.NaN);
      postgres.push(cpu.postgres ?? Number.NaN);
    }
    const [one, both, sql] = [alone, node, postgres].map(median) as [number, number, number];
    const beside = both - one + sql;
    tables.push({
      title: `One log-in, ms of processor time, ${connections} connections, medians of ${rounds} rounds`,
      head: ['argon2id alone', 'Node beside it', 'PostgreSQL', 'beside argon2id', 'as a share of it'],
      rows: [[one, both - one, sql, beside, beside / one].map((figure) => figure.toFixed(2))],
    });
  }
  const conditions = machine(surroundings(instance.directory, version, busyBefore)).join('\n');
  console.log([conditions, ...tables.map(asText)].join('\n\n'));
  if (values.markdown)
    writeMarkdown(values.markdown, 'profiles', [conditions, ...tables.map(asMarkdown)].join('\n\n'));
} finally {
  await workshop.close();
}
