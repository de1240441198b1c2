import type { ConnectionSettings } from '../src/config/config.js';
import { ask } from './ask.js';
import type { BareServerCalls, FixedAnswer } from './bare-server.js';
import { type Case, REPLACED_CONNECTIONS } from './cases.js';
import type { CeilingCalls } from './ceiling-process.js';
import type { Child } from './child.js';
import type { Sample } from './closed-loop.js';
import type { LoadCalls } from './load-process.js';
import type { Watched } from './processes.js';
import type { RoundTrip } from './replay.js';
import { joined, median, percentile } from './statistics.js';

/** Milliseconds of processor time per request; null where it is unknown. */
export interface Cpu {
  readonly node: number | null;
  readonly postgres: number | null;
}

/** The figures of one case over one number of connections. */
export interface Figures {
  readonly name: string;
  readonly what: string;
  readonly connections: number;
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly ceilingPerSecond: number;
  /** Of the ceiling measured just before or after; the median over the rounds. */
  readonly ratio: number;
  readonly cpu: Cpu;
  readonly ceilingCpu: Cpu;
  /** Processor time of the ceiling over that of the program: what the ratio would be if nothing else ran here. */
  readonly cpuRatio: number | null;
  /** Of the process that sends the requests. */
  readonly loadCpu: number;
  /** The multiple of the replaced system's rate, and the aim; null at other numbers of connections. */
  readonly factor: number | null;
  readonly aim: number | null;
}

export interface Setting {
  readonly port: number;
  readonly watched: Watched;
  readonly database: ConnectionSettings;
  readonly poolSize: number;
  readonly load: Child<LoadCalls>;
  readonly ceiling: Child<CeilingCalls>;
  readonly bareServer: Child<BareServerCalls>;
  /** The statements of each case whose ceiling is its SQL. */
  readonly statements: ReadonlyMap<string, readonly (readonly RoundTrip[])[]>;
}

export interface Plan {
  readonly cases: readonly Case[];
  readonly connections: readonly number[];
  readonly rounds: number;
  readonly seconds: number;
  readonly say: (line: string) => void;
}

/** Until hot code has been compiled, and every connection has cached the tables. */
const WARM_UP_SECONDS = 0.7;
const WARM_UP_CONNECTIONS = 16;

interface Pair {
  readonly program: Sample;
  readonly ceiling: Sample;
}

/**
 * Measures each case and its ceiling alternately, several times over, since a machine's speed changes by the minute.
 */
export async function measureAll(setting: Setting, plan: Plan): Promise<Figures[]> {
  const { rounds, say } = plan;
  const barePort = await openBareServer(setting, plan.cases);
  const figures: Figures[] = [];
  for (const writes of [false, true]) {
    const cells = plan.cases
      .filter((one) => one.writes === writes)
      .flatMap((one) => plan.connections.map((connections) => ({ one, connections, pairs: [] as Pair[] })));
    for (const { one } of cells.filter(({ connections }) => connections === plan.connections.at(-1))) {
      say(`warming up: ${one.name}`);
      await measureProgram(setting, one, WARM_UP_CONNECTIONS, WARM_UP_SECONDS);
      await measureCeiling(setting, one, WARM_UP_CONNECTIONS, WARM_UP_SECONDS, barePort);
    }
    for (let round = 1; round <= rounds; round++) {
      for (const { one, connections, pairs } of cells) {
        const program = () => measureProgram(setting, one, connections, plan.seconds);
        const ceiling = () => measureCeiling(setting, one, connections, plan.seconds, barePort);
        const pair = await inTurn(program, ceiling, round % 2 === 0);
        pairs.push(pair);
        say(progressLine(round, rounds, one, connections, pair));
      }
    }
    figures.push(...cells.map(({ one, connections, pairs }) => figuresOf(one, connections, pairs)));
  }
  return figures;
}

async function inTurn(
  program: () => Promise<Sample>,
  ceiling: () => Promise<Sample>,
  ceilingFirst: boolean,
): Promise<Pair> {
  if (!ceilingFirst) return { program: await program(), ceiling: await ceiling() };
  const first = await ceiling();
  return { program: await program(), ceiling: first };
}

function progressLine(round: number, rounds: number, one: Case, connections: number, pair: Pair): string {
  const rate = ({ perSecond }: Sample) => perSecond.toFixed(0);
  return `round ${round} of ${rounds}: ${one.name}, ${connections} connections: ${rate(pair.program)} a second, ceiling ${rate(pair.ceiling)}`;
}

async function measureProgram(setting: Setting, one: Case, connections: number, seconds: number) {
  const { load, port, watched } = setting;
  const { requests, status } = one;
  return await load.call('load', { port, requests, status, connections, seconds, watched });
}

async function measureCeiling(
  setting: Setting,
  one: Case,
  connections: number,
  seconds: number,
  barePort: number,
): Promise<Sample> {
  const { ceiling, load, bareServer, watched, database, poolSize, statements } = setting;
  const postgresOnly = { node: null, postmaster: watched.postmaster };
  switch (one.ceiling) {
    case 'sql':
      return await ceiling.call('replay', {
        database,
        requests: statements.get(one.name) ?? [],
        connections: Math.min(connections, poolSize),
        seconds,
        watched: postgresOnly,
      });
    case 'passwords':
      return await ceiling.call('checkPasswords', { connections, seconds, watched: postgresOnly });
    case 'http': {
      const { requests, status } = one;
      const bare = { node: bareServer.pid, postmaster: null };
      return await load.call('load', {
        port: barePort,
        requests,
        status,
        connections,
        seconds,
        watched: bare,
      });
    }
  }
}

/** Makes the bare server answer as the program does. */
async function openBareServer({ bareServer, port }: Setting, cases: readonly Case[]): Promise<number> {
  const request = cases.find(({ ceiling }) => ceiling === 'http')?.requests[0];
  if (!request) return 0;
  const answer = await ask(port, request);
  const ofConnection = ['connection', 'keep-alive', 'date'];
  const headers = Object.entries(answer.headers).filter(([name]) => !ofConnection.includes(name));
  const fixed = { ...answer, headers: Object.fromEntries(headers) as FixedAnswer['headers'] };
  return await bareServer.call('listen', fixed);
}

function figuresOf(one: Case, connections: number, pairs: readonly Pair[]): Figures {
  const programs = pairs.map(({ program }) => program);
  const ceilings = pairs.map(({ ceiling }) => ceiling);
  const latencies = joined(programs.map((sample) => sample.latencies));
  const perSecond = median(programs.map((sample) => sample.perSecond));
  const cpu = cpuOf(programs, ({ node }) => node);
  const ceilingCpu = cpuOf(ceilings, (sample) => (one.ceiling === 'http' ? sample.node : sample.own));
  const compared = connections === REPLACED_CONNECTIONS;
  return {
    name: one.name,
    what: one.what,
    connections,
    perSecond,
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
    ceilingPerSecond: median(ceilings.map((sample) => sample.perSecond)),
    ratio: median(pairs.map(({ program, ceiling }) => program.perSecond / ceiling.perSecond)),
    cpu,
    ceilingCpu,
    cpuRatio: ratioOf(ceilingCpu, cpu),
    loadCpu: median(programs.map((sample) => sample.cpu.own)),
    factor: compared ? perSecond / one.replaced.perSecond : null,
    aim: compared ? one.replaced.aim : null,
  };
}

function cpuOf(samples: readonly Sample[], nodeOf: (cpu: Sample['cpu']) => number | null): Cpu {
  const middle = (values: readonly (number | null)[]) => {
    const known = values.filter((value) => value !== null);
    return known.length > 0 ? median(known) : null;
  };
  return {
    node: middle(samples.map(({ cpu }) => nodeOf(cpu))),
    postgres: middle(samples.map(({ cpu }) => cpu.postgres)),
  };
}

function ratioOf(ceiling: Cpu, program: Cpu): number | null {
  if (ceiling.node === null || program.node === null) return null;
  return (ceiling.node + (ceiling.postgres ?? 0)) / (program.node + (program.postgres ?? 0));
}
