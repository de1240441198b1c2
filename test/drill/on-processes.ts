import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FAKETIME, NO_FAKETIME } from '../helpers/faketime.js';
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
  killed,
  nginxWorkersKilled,
  poolerRestarted,
  rollingRestart,
} from './cases.js';
import type { DrillOptions } from './drill.js';
import { Platform } from './platform.js';
import { type Case, playAll } from './table.js';

/** Plays the cases on processes that the drill starts and supervises itself. @returns the table's rows and a remark */
export async function drill(
  load: DrillOptions,
  wanted: (all: readonly Case<Platform>[]) => Case<Platform>[],
): Promise<{ rows: string[]; remark: string }> {
  if (!hasNginx) throw new Error(NO_NGINX);
  if (!hasPgBouncer) throw new Error(NO_PGBOUNCER);
  process.on('exit', () => killAll([...Program.running]));
  const folder = mkdtempSync(join(tmpdir(), 'leopard-drill-main-'));
  const clock = join(folder, 'clock');
  writeFileSync(clock, '+0');
  const disk = smallDisk(600);
  const options = { pooler: true, ...(disk && { databaseFolder: disk.path }) };
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
  const rows: string[] = [];
  try {
    if (usual.length > 0) rows.push(...(await playAll(await Platform.open(options), load, usual)));
    if (!FAKETIME) console.error(NO_FAKETIME);
    else if (clocks.length > 0) {
      const platform = await Platform.open({ ...options, environment: FAKETIME.environment(clock) });
      rows.push(...(await playAll(platform, load, clocks)));
    }
  } finally {
    disk?.remove();
    rmSync(folder, { recursive: true, force: true });
  }
  return { rows, remark: `PostgreSQL: ${hasSystemPostgres ? "the system's" : 'the embedded one'}` };
}
