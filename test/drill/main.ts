import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { hasNginx, NO_NGINX } from '../helpers/nginx.js';
import { hasPgBouncer, NO_PGBOUNCER } from '../helpers/pgbouncer.js';
import { smallDisk } from '../helpers/small-disk.js';
import { hasSystemPostgres } from '../helpers/system-postgres.js';
import { killAll, Program } from '../start/program.js';
import {
  clockSetTo,
  databaseKilled,
  databaseStopped,
  diskFull,
  type Happening,
  killed,
  nginxWorkersKilled,
  poolerRestarted,
  rollingRestart,
} from './cases.js';
import { Drill, type DrillOptions, type Outcome } from './drill.js';

/**
 * Runs a small production under load and lets its parts fail; docs/health.md shows the table that this prints.
 * `npm run drill`
 */

interface Case {
  readonly name: string;
  readonly title: string;
  readonly event: Happening;
}

const USAGE = `npm run drill -- [options]
  --only a,b     of the cases' names, which it prints as it goes
  --clients N    clients, default 8
  --pause N      milliseconds between two rounds of four requests of a client, default 50
  --around N     seconds of load before and after each event, default 5`;

const FAKETIME = ['x86_64-linux-gnu', 'aarch64-linux-gnu']
  .map((machine) => `/usr/lib/${machine}/faketime/libfaketimeMT.so.1`)
  .find((path) => existsSync(path));

const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;
const count = (value: number) => Math.round(value).toLocaleString('en');

function rowOf(title: string, outcome: Outcome | Error): string {
  if (outcome instanceof Error) return `| ${title} | | | | | | | failed: ${outcome.message.split('\n')[0]} |`;
  const { requests, failed, longestMs, streamLosses, streamGapMs, lost, doubled, kinds, remarks } = outcome;
  const cells = [
    title,
    count(requests),
    count(failed),
    seconds(longestMs),
    streamLosses === 0 ? 'none lost' : `${streamLosses} lost, back within ${seconds(streamGapMs)}`,
    lost,
    doubled,
    [kinds, remarks].filter(Boolean).join('; '),
  ];
  return `| ${cells.join(' | ')} |`;
}

const HEAD = [
  '| event | requests | failed | longest wait | live streams | events lost | events doubled | failures by kind, remarks |',
  '| --- | ---: | ---: | ---: | --- | ---: | ---: | --- |',
];

/** Plays cases on one platform. @returns their rows */
async function playAll(options: DrillOptions, cases: readonly Case[]): Promise<string[]> {
  if (cases.length === 0) return [];
  const drill = await Drill.begin(options);
  const rows: string[] = [];
  try {
    for (const { name, title, event } of cases) {
      const outcome = await drill.play(event).catch((error: Error) => error);
      rows.push(rowOf(title, outcome));
      console.error(name, outcome);
      if (outcome instanceof Error || outcome.lost > 0 || outcome.doubled > 0) process.exitCode = 1;
      if (outcome instanceof Error) break; // what it left behind is unknown
    }
  } finally {
    await drill.close();
  }
  return rows;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      clients: { type: 'string', default: '8' },
      pause: { type: 'string', default: '50' },
      around: { type: 'string', default: '5' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(USAGE);
  if (!hasNginx) throw new Error(NO_NGINX);
  if (!hasPgBouncer) throw new Error(NO_PGBOUNCER);
  process.on('exit', () => killAll([...Program.running]));
  process.once('SIGINT', () => process.exit(130));
  const folder = mkdtempSync(join(tmpdir(), 'leopard-drill-main-'));
  const clock = join(folder, 'clock');
  writeFileSync(clock, '+0');
  const disk = smallDisk(600);
  const options = {
    pooler: true,
    clients: Number(values.clients),
    pause: Number(values.pause),
    around: Number(values.around),
    ...(disk && { databaseFolder: disk.path }),
  };
  const wanted = (all: readonly Case[]) =>
    all.filter(({ name }) => !values.only || values.only.split(',').includes(name));
  const usual = wanted([
    { name: 'nothing', title: 'nothing happens', event: async () => undefined },
    { name: 'rolling', title: 'rolling restart of all processes', event: rollingRestart },
    { name: 'api', title: '`kill -9` of an API process', event: killed(({ api }) => api[0]) },
    { name: 'socket', title: 'the same of the one at a socket file', event: killed(({ api }) => api[1]) },
    { name: 'worker', title: '`kill -9` of the worker', event: killed(({ worker }) => worker) },
    { name: 'scheduler', title: '`kill -9` of the scheduler', event: killed(({ scheduler }) => scheduler) },
    { name: 'nginx', title: "`kill -9` of nginx's workers", event: nginxWorkersKilled },
    { name: 'pooler', title: 'PgBouncer restarted', event: poolerRestarted('SIGTERM') },
    { name: 'poolerkill', title: '`kill -9` of PgBouncer', event: poolerRestarted('SIGKILL') },
    { name: 'postgreskill', title: '`kill -9` of PostgreSQL', event: databaseKilled },
    { name: 'postgres', title: 'PostgreSQL stopped for 20 s', event: databaseStopped(20) },
    ...(disk
      ? [{ name: 'disk', title: "the database's disk full for 20 s", event: diskFull(disk, 20) }]
      : []),
  ]);
  const clocks = wanted([
    { name: 'forward', title: "the processes' clocks jump one hour ahead", event: clockSetTo(clock, '+1h') },
    { name: 'back', title: 'and back again', event: clockSetTo(clock, '+0') },
  ]);
  try {
    const rows = await playAll(options, usual);
    if (FAKETIME) {
      const environment = {
        LD_PRELOAD: FAKETIME,
        FAKETIME_TIMESTAMP_FILE: clock,
        FAKETIME_CACHE_DURATION: '1',
        FAKETIME_DONT_FAKE_MONOTONIC: '1',
        DONT_FAKE_MONOTONIC: '1',
      };
      rows.push(...(await playAll({ ...options, environment }, clocks)));
    } else {
      console.error('libfaketime is not installed (apt-get install faketime): the clock does not jump');
    }
    console.log([...HEAD, ...rows].join('\n'));
    console.log(
      `\nPostgreSQL: ${hasSystemPostgres ? "the system's" : 'the embedded one'}; ${options.clients} clients`,
    );
  } finally {
    disk?.remove();
    rmSync(folder, { recursive: true, force: true });
  }
}

await main();
process.exit();
