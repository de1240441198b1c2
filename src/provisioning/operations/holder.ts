import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** The process that runs an operation. */
export interface Holder {
  readonly token: string;
  /** The machine, since its last start, and the container: within it, process ids are unique. */
  readonly place: string;
  readonly pid: number;
}

/** Returns a new holder in this process. */
export function newHolder(): Holder {
  return { token: randomUUID(), place: placeOfProcesses(), pid: process.pid };
}

/**
 * Returns whether the process of a holder has certainly ended, so that nobody need wait until its lease does. Holders
 * in this very process are alive.
 */
export function hasEnded({ place, pid }: Pick<Holder, 'place' | 'pid'>): boolean {
  if (place !== placeOfProcesses()) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

function placeOfProcesses(): string {
  const known = (read: () => string) => {
    try {
      return read().trim();
    } catch {
      return ''; // not Linux: its name alone
    }
  };
  const start = known(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8'));
  const container = known(() => readlinkSync('/proc/self/ns/pid'));
  return [hostname(), start, container].join(' ').trim();
}
