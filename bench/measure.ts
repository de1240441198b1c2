import type { ConnectionSettings } from '../src/config/config.js';
import { ask } from './ask.js';
import type { BareServerCalls, FixedAnswer } from './bare-server.js';
import type { Case } from './cases.js';
import type { CeilingCalls } from './ceiling-process.js';
import type { Child } from './child.js';
import type { Sample } from './closed-loop.js';
import type { HttpRequest } from './http-connection.js';
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
  /** Requests per second of a bare route of the framework with the same answer. */
  readonly barePerSecond: number;
  /** Of the bare route measured in the same round; the median over the rounds. */
  readonly bareRatio: number;
  /** Node's processor time for a request to the bare route. */
  readonly bareCpu: number | null;
  /** Of the process that sends the requests. */
  readonly loadCpu: number;
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

/** The samples of one round, taken one directly after the other. */
interface Triple {
  readonly program: Sample;
  readonly ceiling: Sample;
  readonly bare: Sample;
}

/** The ports of the bare answers to each case, by its name. */
interface BarePorts {
  /** Of node:http's server; of those cases alone whose ceiling it is. */
  readonly server: ReadonlyMap<string, number>;
  readonly route: ReadonlyMap<string, number>;
}

/**
 * Measures each case, its ceiling and a bare route alternately, several times over, since a machine's speed changes by the minute.
 */
export async function measureAll(setting: Setting, plan: Plan): Promise<Figures[]> {
  const { rounds, say } = plan;
  const ports = await openBareServers(setting, plan.cases);
  const figures: Figures[] = [];
  for (const writes of [false, true]) {
    const cells = plan.cases
      .filter((one) => one.writes === writes)
      .flatMap((one) =>
        plan.connections.map((connections) => ({ one, connections, triples: [] as Triple[] })),
      );
    for (const { one } of cells.filter(({ connections }) => connections === plan.connections.at(-1))) {
      say(`warming up: ${one.name}`);
      await measureProgram(setting, one, WARM_UP_CONNECTIONS, WARM_UP_SECONDS);
      await measureCeiling(setting, one, WARM_UP_CONNECTIONS, WARM_UP_SECONDS, ports);
      await measureBare(setting, one, WARM_UP_CONNECTIONS, WARM_UP_SECONDS, ports.route);
    }
    for (let round = 1; round <= rounds; round++) {
      for (const { one, connections, triples } of cells) {
        const { seconds } = plan;
        const program = () => measureProgram(setting, one, connections, seconds);
        const ceiling = () => measureCeiling(setting, one, connections, seconds, ports);
        const bare = () => measureBare(setting, one, connections, seconds, ports.route);
        const triple = await inTurn(program, ceiling, bare, round % 2 === 0);
        triples.push(triple);
        say(progressLine(round, rounds, one, connections, triple));
      }
    }
    figures.push(...cells.map(({ one, connections, triples }) => figuresOf(one, connections, triples)));
  }
  return figures;
}

/** Measures the program between the two others, which change places with every round. */
async function inTurn(
  program: () => Promise<Sample>,
  ceiling: () => Promise<Sample>,
  bare: () => Promise<Sample>,
  ceilingFirst: boolean,
): Promise<Triple> {
  if (ceilingFirst) return { ceiling: await ceiling(), program: await program(), bare: await bare() };
  return { bare: await bare(), program: await program(), ceiling: await ceiling() };
}

function progressLine(
  round: number,
  rounds: number,
  one: Case,
  connections: number,
  { program, ceiling, bare }: Triple,
): string {
  const [measured, most, route] = [program, ceiling, bare].map(({ perSecond }) => perSecond.toFixed(0));
  return `round ${round} of ${rounds}: ${one.name}, ${connections} connections: ${measured} a second, ceiling ${most}, bare route ${route}`;
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
  ports: BarePorts,
): Promise<Sample> {
  const { ceiling, watched, database, poolSize, statements } = setting;
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
    case 'http':
      return await measureBare(setting, one, connections, seconds, ports.server);
  }
}

async function measureBare(
  { load, bareServer }: Setting,
  { name, requests, status }: Case,
  connections: number,
  seconds: number,
  ports: ReadonlyMap<string, number>,
): Promise<Sample> {
  const port = ports.get(name) ?? 0;
  const watched = { node: bareServer.pid, postmaster: null };
  return await load.call('load', { port, requests, status, connections, seconds, watched });
}

/** Makes bare servers answer as the program does: each case is asked for once. */
async function openBareServers({ bareServer, port }: Setting, cases: readonly Case[]): Promise<BarePorts> {
  const [server, route] = [new Map<string, number>(), new Map<string, number>()];
  const ofConnection = ['connection', 'keep-alive', 'date'];
  for (const { name, ceiling, requests } of cases) {
    const answer = await ask(port, requests[0] as HttpRequest);
    const headers = Object.entries(answer.headers).filter(([header]) => !ofConnection.includes(header));
    const fixed = { ...answer, headers: Object.fromEntries(headers) as FixedAnswer['headers'] };
    if (ceiling === 'http') server.set(name, await bareServer.call('listen', fixed));
    route.set(name, await bareServer.call('route', fixed));
  }
  return { server, route };
}

function figuresOf(one: Case, connections: number, triples: readonly Triple[]): Figures {
  const programs = triples.map(({ program }) => program);
  const ceilings = triples.map(({ ceiling }) => ceiling);
  const bares = triples.map(({ bare }) => bare);
  const latencies = joined(programs.map((sample) => sample.latencies));
  const perSecond = median(programs.map((sample) => sample.perSecond));
  const cpu = cpuOf(programs, ({ node }) => node);
  const ceilingCpu = cpuOf(ceilings, (sample) => (one.ceiling === 'http' ? sample.node : sample.own));
  return {
    name: one.name,
    what: one.what,
    connections,
    perSecond,
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
    ceilingPerSecond: median(ceilings.map((sample) => sample.perSecond)),
    ratio: median(triples.map(({ program, ceiling }) => program.perSecond / ceiling.perSecond)),
    cpu,
    ceilingCpu,
    cpuRatio: ratioOf(ceilingCpu, cpu),
    barePerSecond: median(bares.map((sample) => sample.perSecond)),
    bareRatio: median(triples.map(({ program, bare }) => program.perSecond / bare.perSecond)),
    bareCpu: cpuOf(bares, ({ node }) => node).node,
    loadCpu: median(programs.map((sample) => sample.cpu.own)),
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
