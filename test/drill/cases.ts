import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SmallDisk } from '../helpers/small-disk.js';
import { killAll, postgresOf } from '../start/program.js';
import type { Happening } from './drill.js';
import type { Platform } from './platform.js';

/** Something that happens to the platform whose parts a drill supervises itself. */
type Case = Happening<Platform>;

export const rollingRestart: Case = async ({ platform }) => {
  for (const part of [...platform.api, platform.worker, platform.scheduler]) await part.restart();
  return undefined;
};

/** Returns the kill of one process of the program. */
export const killed =
  (which: (platform: Platform) => { kill(): Promise<void> }): Case =>
  async ({ platform }) => {
    await which(platform).kill();
    return undefined;
  };

export const nginxWorkersKilled: Case = async ({ platform }) => {
  const { pid } = platform.nginx;
  const workers = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
  killAll(workers);
  return undefined;
};

/** Returns the end of PgBouncer by a signal, and its next start. */
export const poolerRestarted =
  (signal: NodeJS.Signals): Case =>
  async ({ platform }) => {
    await platform.pooler?.restart(signal);
    return undefined;
  };

/** Returns the stop of PostgreSQL for a number of seconds. */
export const databaseStopped =
  (seconds: number): Case =>
  async (drill) => {
    const { postgres } = drill.platform;
    process.kill(postgres.pid, 'SIGINT');
    const said = await drill.unreadinessDuring(seconds);
    await postgres.startAgain();
    await drill.untilReady();
    return said;
  };

export const databaseKilled: Case = async (drill) => {
  const { postgres } = drill.platform;
  killAll([postgres.pid, ...postgresOf(postgres.directory)]);
  await postgres.startAgain();
  await drill.untilReady();
  return undefined;
};

/** Returns the filling of the database's disk for a number of seconds. */
export const diskFull =
  (disk: SmallDisk, seconds: number): Case =>
  async (drill) => {
    disk.fill();
    const said = await drill.unreadinessDuring(seconds);
    disk.empty();
    // PostgreSQL may have ended for lack of room; its supervisor starts it again.
    const { postgres } = drill.platform;
    const isUp = await drill.platform.sql('SELECT').then(
      () => true,
      () => false,
    );
    if (!isUp && !isRunning(postgres.pid)) await postgres.startAgain();
    await drill.untilReady();
    return `${said}${isUp ? '' : '; PostgreSQL had ended'}`;
  };

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Returns a jump of the clock of all processes of the program. @param file the file from which they read the shift */
export const clockSetTo =
  (file: string, shift: string): Case =>
  async () => {
    writeFileSync(file, shift);
    await sleep(5_000);
    return undefined;
  };
