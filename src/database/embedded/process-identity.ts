import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

/** A process, not just its number, which another process may get later. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, in whatever form the system tells it; empty where it cannot be told. */
  readonly started: string;
}

const hasProc = existsSync('/proc/self/stat');

/** Who has this number at present, or null when nobody has. */
export function identify(pid: number): ProcessIdentity | null {
  if (!isNumberTaken(pid)) return null;
  const started = startOf(pid);
  return started === null ? null : { pid, started };
}

/** Whether this very process still runs. */
export function isAlive(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.started === identity.started;
}

/** Whether a process has this number, even one that has ended and that nobody has asked after yet. */
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
    // The second field, the name in brackets, may hold spaces; the third is the state, the 22nd the start in
    // clock ticks since the machine's own.
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
