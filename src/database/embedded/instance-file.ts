import { readFileSync, rmSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { createPrivateFile, writePrivateFile } from '../../platform/private-text-file.js';
import { DataDirectoryInUseError } from './errors.js';
import { identify, isAlive, type ProcessIdentity } from './process-identity.js';

/** The process of this program that has the data directory, and the address of its server once it is up. */
export interface Instance {
  readonly owner: ProcessIdentity;
  readonly server: { readonly host: string; readonly port: number } | null;
}

/** A claim on the data directory by this process. */
export interface DataDirectoryClaim {
  /** Tells other commands where the server listens. */
  publish(server: Instance['server']): void;
  release(): void;
}

const GUARD_OUTLIVED_MS = 5_000;
const ATTEMPTS = 200;

/** Returns the living instance that has the directory, or null. */
export function readInstance(path: string): Instance | null {
  const instance = parse(path);
  return instance && isAlive(instance.owner) ? instance : null;
}

/**
 * Claims the directory for this process; what a killed process left is taken over.
 * @throws DataDirectoryInUseError when a living process has it
 */
export async function claimDirectory(directory: string, path: string): Promise<DataDirectoryClaim> {
  const owner = identify(process.pid) ?? { pid: process.pid, started: '' };
  const mine: Instance = { owner, server: null };
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (createPrivateFile(path, serialise(mine))) return claimOf(path, owner);
    const holder = parse(path);
    if (holder && isAlive(holder.owner)) throw new DataDirectoryInUseError(directory, holder.owner.pid);
    if (takeOver(path, holder, mine)) return claimOf(path, owner);
    await sleep(50);
  }
  throw new DataDirectoryInUseError(directory, parse(path)?.owner.pid ?? 0);
}

/**
 * Replaces a dead holder's file. Of several processes that try at once only the one that creates the guard file may,
 * and only if the dead holder's file is unchanged: otherwise the second would replace the first one's.
 */
function takeOver(path: string, dead: Instance | null, mine: Instance): boolean {
  const guard = `${path}.guard`;
  if (!createPrivateFile(guard, serialise(mine))) {
    removeOutlived(guard);
    return false;
  }
  try {
    if (serialise(parse(path)) !== serialise(dead)) return false;
    writePrivateFile(path, serialise(mine));
    return true;
  } finally {
    rmSync(guard, { force: true });
  }
}

function removeOutlived(guard: string): void {
  try {
    if (Date.now() - statSync(guard).mtimeMs < GUARD_OUTLIVED_MS) return;
    const holder = parse(guard);
    if (!holder || !isAlive(holder.owner)) rmSync(guard, { force: true });
  } catch {
    // It has just been removed.
  }
}

function claimOf(path: string, owner: ProcessIdentity): DataDirectoryClaim {
  return {
    publish: (server) => writePrivateFile(path, serialise({ owner, server })),
    release: () => {
      if (serialise(parse(path)?.owner ?? null) === serialise(owner)) rmSync(path, { force: true });
    },
  };
}

function serialise(value: Instance | ProcessIdentity | null): string {
  return JSON.stringify(value);
}

function parse(path: string): Instance | null {
  try {
    const read = JSON.parse(readFileSync(path, 'utf8')) as Instance;
    return typeof read.owner?.pid === 'number' ? { owner: read.owner, server: read.server ?? null } : null;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined || code === 'ENOENT') return null; // damaged or missing
    throw error;
  }
}
