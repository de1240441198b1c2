import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../src/config/config.js';
import { type DatabaseHandle, openDatabase } from '../src/database/connections.js';
import { withOwner } from '../src/database/owner.js';
import { migrateAll } from '../src/schema/migrator.js';
import { seedContract } from '../src/seed/contract.js';
import { CONTRACT_PASSWORD } from '../src/seed/contract-rows.js';
import { countsOf, headersOf, openOther, type Server } from './against.js';
import { ask } from './ask.js';
import type { BareServerCalls } from './bare-server.js';
import { captureStatements } from './capture.js';
import { ADMIN, type Case, cases, contractPlace } from './cases.js';
import type { CeilingCalls } from './ceiling-process.js';
import { Child } from './child.js';
import { compare, comparisonTable, dataLine } from './comparison.js';
import type { LoadCalls } from './load-process.js';
import { measureAll } from './measure.js';
import { measureNames } from './names.js';
import type { Options } from './options.js';
import { build, freePort, Instance, type Program } from './program.js';
import type { RoundTrip } from './replay.js';
import { type Conditions, circumstances, type Report, type Table, tables } from './report.js';
import {
  type Memory,
  measureLogIn,
  measureProvisioning,
  measureStart,
  memoryAtRest,
} from './single-figures.js';
import { loadAverage, surroundings } from './surroundings.js';
import type { Workshop } from './workshop.js';

export interface BenchRun {
  readonly tables: readonly Table[];
  /** Place and time, line by line. */
  readonly lines: readonly string[];
  readonly report: unknown;
}

type Say = (line: string) => void;

/** The program with the contract's data set, and the state of the bench. */
interface Stage {
  readonly instance: Instance;
  readonly program: Program;
  readonly handle: DatabaseHandle;
  readonly all: readonly Case[];
  /** The admin's access token. */
  readonly token: string;
  readonly logIn: () => Promise<string>;
  readonly memoryAfterStart: Memory;
}

/** Runs what the options select; closing the workshop stops whatever runs. */
export async function runBench(options: Options, workshop: Workshop, say: Say): Promise<BenchRun> {
  const { against } = options;
  const other = against && (await openOther(against, options.only)); // before anything that takes long
  const loadBefore = loadAverage();
  if (loadBefore > 0.5) say(`the machine is busy (load average ${loadBefore.toFixed(1)}): take ratios only`);
  const port = await freePort();
  const { quick, micro, only } = options;
  await build();

  let start: Report['start'] = null;
  if (only.has('start') && !micro && !other) {
    say('starting in an empty folder, and again');
    start = await measureStart(workshop, port, quick ? 1 : 3);
  }

  const stage = await setUp(workshop, port, say);
  if (other) return await runAgainst(other, options, stage, workshop, say, loadBefore);
  if (micro) return await runMicro(options, stage, workshop, say, loadBefore);

  const { program, handle, all, memoryAfterStart } = stage;
  const measured = all.filter(({ name }) => only.has(name));
  const figures = await measureCases(stage, measured, options, workshop, say);
  const memoryAfterLoad = await memoryAtRest(program);

  const times = quick ? 5 : 20;
  if (only.has('provisioning')) say(`creating ${times} tenants`);
  const report: Report = {
    ...(await conditions(stage, options, loadBefore)),
    cases: figures,
    start,
    logIn: only.has('login') ? await measureLogIn(() => stage.logIn(), times) : null,
    provisioning: only.has('provisioning') ? await measureProvisioning(handle, times) : null,
    memoryAfterStart,
    memoryAfterLoad,
  };
  return { tables: tables(report), lines: circumstances(report), report };
}

async function setUp(workshop: Workshop, port: number, say: Say): Promise<Stage> {
  const directory = join(workshop.directory, 'data');
  await mkdir(directory);
  const instance = new Instance(directory, port);
  await loadContract(instance, workshop, say);
  say('starting the program');
  const program = workshop.start(instance);
  await program.ready();
  const memoryAfterStart = await memoryAtRest(program);
  const handle = await openDatabase(instance.config, { shared: true });
  const host = `main.localhost:${port}`;
  const logIn = () => logInAt(port, host);
  const token = await logIn();
  const all = cases(contractPlace(host, token, CONTRACT_PASSWORD));
  return { instance, program, handle, logIn, all, token, memoryAfterStart };
}

async function loadContract(instance: Instance, workshop: Workshop, say: Say): Promise<void> {
  workshop.ensureOpen();
  const opening = openDatabase(instance.config);
  workshop.atEnd(() =>
    opening.then(
      (handle) => handle.close(),
      () => undefined,
    ),
  );
  const handle = await opening;
  if (!handle.owner) throw new Error("the owner's connection is missing");
  await migrateAll(handle.owner, handle.app.user);
  await seedContract(handle, { onProgress: say });
  await handle.close();
}

/** Returns an access token of the data set's admin. */
async function logInAt(port: number, host: string): Promise<string> {
  const headers = { host, 'content-type': 'application/json' };
  const body = JSON.stringify({ username: ADMIN.username, password: CONTRACT_PASSWORD });
  const answer = await ask(port, { method: 'POST', path: '/api/token/', headers, body });
  if (answer.status !== 200) throw new Error(`the log-in was answered with status ${answer.status}`);
  return (JSON.parse(answer.body) as { access: string }).access;
}

async function measureCases(
  { instance, program, handle }: Stage,
  measured: readonly Case[],
  { connections, rounds, seconds }: Options,
  workshop: Workshop,
  say: Say,
) {
  if (measured.length === 0) return [];
  const children = startChildren(workshop);
  try {
    return await measureAll(
      {
        port: instance.port,
        watched: program.watched,
        database: handle.app,
        poolSize: instance.config.poolSize,
        ...children,
        statements: await statementsOf(measured, instance.config, handle),
      },
      { cases: measured, connections, rounds, seconds, say },
    );
  } finally {
    for (const child of Object.values(children)) await child.stop(); // their connections cost memory
  }
}

function startChildren(workshop: Workshop) {
  workshop.ensureOpen();
  const children = {
    load: new Child<LoadCalls>('load-process.ts'),
    ceiling: new Child<CeilingCalls>('ceiling-process.ts'),
    bareServer: new Child<BareServerCalls>('bare-server.ts'),
  };
  for (const child of Object.values(children)) workshop.atEnd(() => child.stop());
  return children;
}

async function statementsOf(measured: readonly Case[], config: Config, handle: DatabaseHandle) {
  const found = new Map<string, RoundTrip[][]>();
  for (const { name, ceiling, requests } of measured) {
    if (ceiling === 'sql') found.set(name, await captureStatements(config, handle, requests));
  }
  return found;
}

async function runAgainst(
  other: Server,
  options: Options,
  stage: Stage,
  workshop: Workshop,
  say: Say,
  loadBefore: number,
): Promise<BenchRun> {
  const { port } = stage.instance;
  const headers = headersOf(`main.localhost:${port}`, stage.token);
  const counts = await countsOf(async (path) =>
    JSON.parse((await ask(port, { method: 'GET', path, headers })).body),
  );
  const here: Server = { address: '127.0.0.1', port, cases: stage.all, counts };
  workshop.ensureOpen();
  const load = new Child<LoadCalls>('load-process.ts');
  workshop.atEnd(() => load.stop());
  const comparisons = await compare(load, here, other, { ...options, say });
  const found = await conditions(stage, options, loadBefore);
  const lines = [...circumstances(found), dataLine(counts, other.counts)];
  const table = comparisonTable(comparisons, options.against?.url.origin ?? '');
  return {
    tables: [table],
    lines,
    report: { ...found, counts: { here: counts, other: other.counts }, comparisons },
  };
}

async function runMicro(
  options: Options,
  stage: Stage,
  workshop: Workshop,
  say: Say,
  loadBefore: number,
): Promise<BenchRun> {
  const { instance, program, handle, all } = stage;
  const { ceiling } = startChildren(workshop);
  const wanted = all.filter(({ name }) => name === 'list' || name === 'client');
  const statements = await statementsOf(wanted, instance.config, handle);
  const firstOf = (name: string) => statements.get(name)?.[0] ?? [];
  const decisions = await measureNames({
    database: handle.app,
    watched: program.watched,
    ceiling,
    list: firstOf('list'),
    client: firstOf('client'),
    rounds: options.rounds,
    seconds: options.seconds,
    say,
  });
  const found = { ...(await conditions(stage, options, loadBefore)), decisions };
  return { tables: decisions, lines: circumstances(found), report: found };
}

async function conditions(
  { instance, handle }: Stage,
  { rounds, seconds }: Options,
  loadBefore: number,
): Promise<Conditions> {
  return {
    surroundings: surroundings(instance.directory, await versionOf(handle), loadBefore),
    rounds,
    seconds,
    poolSize: instance.config.poolSize,
  };
}

async function versionOf({ app }: DatabaseHandle): Promise<string> {
  return await withOwner(app, async (client) => {
    const { rows } = await client.query<{ server_version: string }>('SHOW server_version');
    return rows[0]?.server_version ?? '';
  });
}
