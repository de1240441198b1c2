import { parseArgs } from 'node:util';
import { killAll, Program } from '../start/program.js';
import { type CaseResult, count, seconds } from './audit.js';
import { fairness, overload } from './cases/amounts.js';
import { apiKilled, poolExhausted } from './cases/api.js';
import {
  connectionsCut,
  connectionsCutForAWhile,
  noConnectionLeft,
  serverRestarted,
  transactionLeftOpen,
} from './cases/database.js';
import { alwaysFails, hangsInDatabase, hangsInProcess, retryStorm } from './cases/faults.js';
import { inOrder, paused, suspendedAndDeleted, twoVersions } from './cases/operation.js';
import { killedByEvent, killedInMidBatch, takenOver } from './cases/workers.js';
import { type Durations, Stage } from './stage.js';

/**
 * Tests what becomes of domain events when processes, connections and the database die, with the program as it is run
 * and a PostgreSQL of its own; docs/event-framework.md shows the table that this prints. `npm run test:chaos`
 */

interface Case {
  readonly name: string;
  readonly title: string;
  readonly run: (stage: Stage) => Promise<CaseResult>;
  /** Whether it mostly waits, and runs beside the others on a server that nobody restarts. */
  readonly isPatient?: boolean;
}

const CASES: readonly Case[] = [
  { name: 'worker', title: 'SIGKILL of workers in mid-batch, repeated', run: killedInMidBatch },
  { name: 'takeover', title: 'work of a killed worker goes on', run: takenOver },
  { name: 'poison', title: 'an event that kills its worker', run: killedByEvent },
  { name: 'api', title: 'SIGKILL of the API between change and answer', run: apiKilled },
  { name: 'postgres', title: 'restart and SIGKILL of PostgreSQL under load', run: serverRestarted },
  { name: 'terminate', title: 'pg_terminate_backend at random', run: connectionsCut },
  { name: 'outage', title: 'all connections cut for 15 s', run: connectionsCutForAWhile },
  { name: 'pool', title: "the API's pool is exhausted", run: poolExhausted },
  { name: 'connections', title: 'the server has no connection left', run: noConnectionLeft },
  { name: 'fails', title: 'a handler that always fails', run: alwaysFails },
  { name: 'storm', title: 'a retry storm', run: retryStorm },
  { name: 'pause', title: 'pause, restart, resume', run: paused },
  { name: 'tenants', title: 'a tenant suspended, one deleted, with work waiting', run: suspendedAndDeleted },
  { name: 'overload', title: '1.5 times the capacity, then drained', run: overload },
  { name: 'fairness', title: '100,000 events of one tenant, one of another', run: fairness },
  { name: 'order', title: 'order of interleaved changes with failing handlers', run: inOrder },
  { name: 'hang', title: 'a handler that hangs in the database', run: hangsInDatabase, isPatient: true },
  { name: 'never', title: 'a handler that hangs in the process', run: hangsInProcess, isPatient: true },
  { name: 'open', title: 'a transaction left open', run: transactionLeftOpen, isPatient: true },
  { name: 'versions', title: 'two versions side by side', run: twoVersions, isPatient: true },
];

const USAGE = `npm run test:chaos -- [options]
  --only a,b     of ${CASES.map(({ name }) => name).join(', ')}
  --open N       seconds for which a transaction is left open, default 90
  --overload N   seconds for which more comes in than can be handled, default 60
  --program F    bin/leopard.js of a version that is built already; without it this one is built`;

interface Line {
  readonly title: string;
  readonly outcome: CaseResult | Error;
}

async function runCase({ name, title, run }: Case, stage: Stage): Promise<Line> {
  const begun = performance.now();
  const outcome = await run(stage).catch((error: Error) => error);
  const took = seconds(performance.now() - begun);
  const found =
    outcome instanceof Error
      ? outcome.stack
      : `${outcome.events} events, ${outcome.lost} lost, ${outcome.doubled} doubled`;
  console.error(`${name} (${took}): ${found}`);
  return { title, outcome };
}

async function runInTurn(cases: readonly Case[], stage: Stage): Promise<Line[]> {
  const lines: Line[] = [];
  for (const one of cases) lines.push(await runCase(one, stage));
  return lines;
}

async function runAll(cases: readonly Case[], durations: Durations, program?: string): Promise<Line[]> {
  const stage = await Stage.open(durations, program);
  const patient = cases.filter(({ isPatient }) => isPatient);
  const beside = patient.length > 0 ? await Stage.open(durations, stage.program) : null;
  try {
    const lines = await Promise.all([
      runInTurn(
        cases.filter(({ isPatient }) => !isPatient),
        stage,
      ),
      ...patient.map(async (one) => [await runCase(one, beside!)]),
    ]);
    return lines.flat();
  } finally {
    await Promise.all([stage.close(), beside?.close()]);
  }
}

function asMarkdown(lines: readonly Line[]): string {
  const rows = lines.map(({ title, outcome }) =>
    outcome instanceof Error
      ? `| ${title} | | | | failed: ${outcome.message.split('\n')[0]} |`
      : `| ${title} | ${count(outcome.events)} | ${outcome.lost} | ${outcome.doubled} | ${outcome.remarks} |`,
  );
  return ['| case | events | lost | doubled | remarks |', '| --- | ---: | ---: | ---: | --- |', ...rows].join(
    '\n',
  );
}

const isGood = ({ outcome }: Line) =>
  !(outcome instanceof Error) && outcome.events > 0 && outcome.lost === 0 && outcome.doubled === 0;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      open: { type: 'string', default: '90' },
      overload: { type: 'string', default: '60' },
      program: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(USAGE);
  const names = values.only?.split(',') ?? CASES.map(({ name }) => name);
  const cases = CASES.filter(({ name }) => names.includes(name));
  if (cases.length < names.length) throw new Error(USAGE);
  process.on('exit', () => killAll([...Program.running]));
  process.once('SIGINT', () => process.exit(130));
  const begun = performance.now();
  const durations = { open: Number(values.open), overload: Number(values.overload) };
  const lines = await runAll(cases, durations, values.program);
  console.log(`${asMarkdown(lines)}\n\n${cases.length} cases in ${seconds(performance.now() - begun)}`);
  if (!lines.every(isGood)) process.exitCode = 1;
}

await main();
