import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { basename, join, sep } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Layout } from './layout.js';
import { identify, isAlive, type ProcessIdentity } from './process-identity.js';

const FAST_SHUTDOWN_MS = 20_000;
const AT_ONCE_MS = 5_000;

/**
 * Ends what an instance that was killed has left running on the directory, in order where that is possible, and
 * removes a postmaster.pid whose number meanwhile is another program's: PostgreSQL would take that one for its own.
 * To be called only by the process that has claimed the directory.
 */
export async function clearOrphans(layout: Layout, onProgress: (text: string) => void): Promise<void> {
  const postmaster = postmasterPid(layout);
  const running = processesOn(layout.directory);
  if (running.length > 0) {
    onProgress('stopping the database that a killed instance left running');
    const main = running.find(({ pid }) => pid === postmaster);
    if (main) await stopPostmaster(main);
    // Without their postmaster, backends end by themselves; what does not is stuck.
    for (const signal of ['SIGQUIT', 'SIGKILL'] as const) {
      if (await allEnd(running, AT_ONCE_MS / 5)) break;
      for (const process of running) send(process, signal);
    }
    await allEnd(running, AT_ONCE_MS);
  }
  const isForeign = postmaster !== null && identify(postmaster) !== null;
  if (isForeign && processesOn(layout.directory).length === 0) {
    rmSync(join(layout.data, 'postmaster.pid'), { force: true });
  }
}

/**
 * Stops a server in order: no new sessions, transactions rolled back, all written. When that takes too long it is
 * stopped at once, which makes the next start a recovery, but loses nothing that was committed.
 */
export async function stopPostmaster(postmaster: ProcessIdentity): Promise<void> {
  const steps = [
    ['SIGINT', FAST_SHUTDOWN_MS],
    ['SIGQUIT', AT_ONCE_MS],
    ['SIGKILL', AT_ONCE_MS],
  ] as const;
  for (const [signal, within] of steps) {
    send(postmaster, signal);
    if (await allEnd([postmaster], within)) return;
  }
}

function send(process_: ProcessIdentity, signal: NodeJS.Signals): void {
  if (!isAlive(process_)) return;
  try {
    process.kill(process_.pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}

async function allEnd(processes: readonly ProcessIdentity[], within: number): Promise<boolean> {
  const until = Date.now() + within;
  while (processes.some(isAlive)) {
    if (Date.now() > until) return false;
    await sleep(10);
  }
  return true;
}

/** The first line of postmaster.pid: the number of the server that has, or had, the data. */
function postmasterPid(layout: Layout): number | null {
  try {
    const pid = Number.parseInt(readFileSync(join(layout.data, 'postmaster.pid'), 'utf8'), 10);
    return Number.isSafeInteger(pid) && pid > 0 ? pid : null;
  } catch {
    return null;
  }
}

/** PostgreSQL's processes that work in this directory: servers with their backends, and initdb. */
function processesOn(directory: string): ProcessIdentity[] {
  const pids = existsSync('/proc/self/cwd') ? pidsFromProc(directory) : pidsFromPs(directory);
  return pids.map(identify).filter((process) => process !== null);
}

function pidsFromProc(directory: string): number[] {
  const link = (pid: string, name: string) => readlinkSync(`/proc/${pid}/${name}`);
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .filter((pid) => {
      try {
        const program = basename(link(pid, 'exe')).replace(' (deleted)', '');
        if (program !== 'postgres' && program !== 'initdb') return false;
        return (
          `${link(pid, 'cwd')}${sep}`.startsWith(`${directory}${sep}`) ||
          readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`${directory}${sep}data`)
        );
      } catch {
        return false; // it has ended, or is another user's
      }
    })
    .map(Number);
}

/** Backends do not show their directory here, but end with their postmaster. */
function pidsFromPs(directory: string): number[] {
  if (process.platform === 'win32') return [];
  try {
    return execFileSync('ps', ['-axo', 'pid=,command='], { encoding: 'utf8' })
      .split('\n')
      .filter((line) => /(postgres|initdb)\b/.test(line) && line.includes(`${directory}${sep}data`))
      .map((line) => Number.parseInt(line, 10));
  } catch {
    return [];
  }
}
