import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { basename, join, sep } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EmbeddedDatabaseError } from './errors.js';
import type { Layout } from './layout.js';
import { identify, isAlive, isNumberTaken, type ProcessIdentity } from './process-identity.js';

const FAST_SHUTDOWN_MS = 20_000;
const AT_ONCE_MS = 5_000;

const hasProc = existsSync('/proc/self/cwd');

/**
 * Ends the processes that a killed instance left running on the directory, cleanly where possible, and removes a
 * postmaster.pid that would make PostgreSQL refuse to start: one that is empty, or whose process id now belongs to
 * another program. To be called only by the process that has claimed the directory.
 * @throws EmbeddedDatabaseError when a server answers that this process cannot see.
 */
export async function clearOrphans(layout: Layout, onProgress: (text: string) => void): Promise<void> {
  const lockFile = join(layout.data, 'postmaster.pid');
  const postmaster = postmasterPid(lockFile);
  const running = processesOn(layout.directory);
  if (running.length > 0) {
    onProgress('stopping the database that a killed instance left running');
    const main = running.find(({ pid }) => pid === postmaster);
    if (main) await stopPostmaster(main);
    // Without their postmaster, backends exit on their own; one that does not is stuck.
    for (const signal of ['SIGQUIT', 'SIGKILL'] as const) {
      if (await allEnd(running, AT_ONCE_MS / 5)) break;
      for (const process of running) send(process, signal);
    }
    await allEnd(running, AT_ONCE_MS);
  }
  await ensureNobodyAnswers(layout);
  if (!existsSync(lockFile) || processesOn(layout.directory).length > 0) return;
  // A start on a full disk leaves a file without a number: it got no further than creating it. A file with a number is
  // removed only where orphaned backends can be seen, since PostgreSQL needs the file to notice them.
  if (postmaster === null || (hasProc && isNumberTaken(postmaster))) rmSync(lockFile, { force: true });
}

/**
 * Throws if a server of this directory still answers. In another container on the same volume, process ids differ, but
 * the socket is the same.
 */
async function ensureNobodyAnswers({ directory, socket }: Layout): Promise<void> {
  if (!socket || !existsSync(socket)) return;
  for (const name of readdirSync(socket).filter((entry) => !entry.endsWith('.lock'))) {
    if (!(await goesOnAccepting(join(socket, name)))) continue;
    throw new EmbeddedDatabaseError(
      `data directory ${directory} is in use by a server elsewhere, such as in another container; stop it or set LEOPARD_DATA_DIR`,
    );
  }
}

/** Returns whether a socket goes on accepting: a killed process keeps its own a moment longer than what it is recognised by. */
async function goesOnAccepting(socket: string): Promise<boolean> {
  const until = performance.now() + AT_ONCE_MS / 5;
  while (await accepts(socket)) {
    if (performance.now() > until) return true;
    await sleep(50);
  }
  return false;
}

function accepts(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = createConnection(socket);
    const answer = (accepted: boolean) => {
      connection.destroy();
      resolve(accepted);
    };
    connection.once('connect', () => answer(true));
    connection.once('error', () => answer(false));
    connection.setTimeout(1_000, () => answer(false));
  });
}

/**
 * Stops a server in order: no new sessions, transactions rolled back, everything written. When that takes too long it
 * is stopped at once, which makes the next start a recovery, but loses nothing committed.
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

/** Returns the first line of postmaster.pid: the process id of the server that has, or had, the data. */
function postmasterPid(lockFile: string): number | null {
  try {
    const pid = Number.parseInt(readFileSync(lockFile, 'utf8'), 10);
    return Number.isSafeInteger(pid) && pid > 0 ? pid : null;
  } catch {
    return null;
  }
}

/** Returns PostgreSQL's processes that work in this directory: servers with their backends, and initdb. */
function processesOn(directory: string): ProcessIdentity[] {
  const pids = hasProc ? pidsFromProc(directory) : pidsFromPs(directory);
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
        return false; // it has ended, or belongs to another user
      }
    })
    .map(Number);
}

/** Finds the postmaster with `ps`. Backends do not show their directory there, but end with their postmaster. */
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
