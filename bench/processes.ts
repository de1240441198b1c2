import { readdirSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** The watched processes; null when there is none of the kind. */
export interface Watched {
  readonly node: number | null;
  readonly postmaster: number | null;
}

/** Milliseconds of processor time, or null where it is unknown. */
export interface CpuTimes {
  readonly node: number | null;
  readonly postgres: number | null;
}

/** Linux counts in hundredths of a second on every machine that Node runs on. */
const MS_PER_TICK = 10;
const PPID = 1;
const OWN = [11, 12] as const;
const ENDED_CHILDREN = [13, 14] as const;

/**
 * Returns the processor time used so far; of PostgreSQL, that of the postmaster and all its children, ended ones too.
 */
export function cpuTimes({ node, postmaster }: Watched): CpuTimes {
  return {
    node: node === null ? null : cpuOf(node, OWN),
    postgres: postmaster === null ? null : cpuOfPostgres(postmaster),
  };
}

function cpuOfPostgres(postmaster: number): number | null {
  const own = cpuOf(postmaster, [...OWN, ...ENDED_CHILDREN]);
  if (own === null) return null;
  return childrenOf(postmaster).reduce((sum, pid) => sum + (cpuOf(pid, OWN) ?? 0), own);
}

function cpuOf(pid: number, fields: readonly number[]): number | null {
  const stat = readStat(pid);
  return stat && fields.reduce((sum, field) => sum + Number(stat[field]) * MS_PER_TICK, 0);
}

/** Returns what follows the name in /proc/<pid>/stat: state, parent … */
function readStat(pid: number | string): string[] | null {
  const text = readProc(pid, 'stat');
  return text === null ? null : text.slice(text.lastIndexOf(')') + 2).split(' ');
}

function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(readStat(name)?.[PPID]) === pid)
    .map(Number);
}

function readProc(pid: number | string, file: string): string | null {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return null; // it has ended, or there is no /proc
  }
}

/** Returns the resident memory of one process in bytes, or null where it is unknown. */
export function residentMemory(pid: number): number | null {
  return kilobytes(readProc(pid, 'status'), 'VmRSS');
}

/** Returns the memory that one process shares with no other, in bytes, or null where it is unknown. */
export function privateMemory(pid: number): number | null {
  const text = readProc(pid, 'smaps_rollup');
  const parts = ['Private_Clean', 'Private_Dirty'].map((name) => kilobytes(text, name));
  return parts[0] === null ? null : parts.reduce<number>((sum, part) => sum + (part ?? 0), 0);
}

/** Returns PostgreSQL's memory in bytes, with shared memory counted once; null where it is unknown. */
export function postgresMemory(postmaster: number): number | null {
  const all = [postmaster, ...(readStat(postmaster) ? childrenOf(postmaster) : [])];
  const parts = all.map((pid) => kilobytes(readProc(pid, 'smaps_rollup'), 'Pss'));
  return parts[0] === null ? null : parts.reduce<number>((sum, part) => sum + (part ?? 0), 0);
}

function kilobytes(text: string | null, name: string): number | null {
  const found = text && new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text);
  return found ? Number(found[1]) * 1024 : null;
}

export function processorName(): string {
  const all = cpus();
  return `${all.length} × ${all[0]?.model.trim() || 'processor'}`;
}
