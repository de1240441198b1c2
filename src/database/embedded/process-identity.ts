import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

/** A process, identified by more than its number, which another process may get later. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Start time in the system's own form; empty where it is unknown. */
  readonly started: string;
}

const hasProc = existsSync('/proc/self/stat');

/** Returns the identity of the process with this number; null when there is none. */
export function identify(pid: number): ProcessIdentity | null {
  if (!isNumberTaken(pid)) return null;
  const started = startOf(pid);
  return started === null ? null : { pid, started };
}

/** Returns whether this very process is still running. */
export function isAlive(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.started === identity.started;
}

/** Returns whether a process has this number, even one that has ended but has not been reaped. */
export function isNumberTaken(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function startOf(pid: number): string | null {
  if (process.platform === 'win32') return '';
  try {
    if (!hasProc)
      return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field, the name in parentheses, may contain spaces; the third is the state, the 22nd the start in
    // clock ticks since boot.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const isZombie = fields[0] === 'Z' || fields[0] === 'X';
    return isZombie ? null : `${bootId()}-${fields[19]}`;
  } catch {
    return null;
  }
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}
