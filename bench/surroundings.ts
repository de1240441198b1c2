import { closeSync, fdatasyncSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { loadavg, release, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { processorName } from './processes.js';
import { median } from './statistics.js';

/** The circumstances on which figures depend besides the program. */
export interface Surroundings {
  readonly date: string;
  readonly version: string;
  readonly processors: string;
  /** Bytes. */
  readonly memory: number;
  readonly system: string;
  readonly node: string;
  readonly postgres: string;
  /** Milliseconds that a durable write of 8 kB takes on the disk of the data: the minimum that a commit waits. */
  readonly durableWrite: number;
  /** Processes that were ready to run in the minute before; near 0 on a quiet machine. */
  readonly loadAverage: number;
}

const BLOCK = Buffer.alloc(8192, 1);
const WRITES = 50;

/** Describes the machine. @param directory on the disk of the data @param postgres the server's version */
export function surroundings(directory: string, postgres: string, loadAverage: number): Surroundings {
  const manifest = new URL('../package.json', import.meta.url);
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  return {
    date: new Date().toISOString().slice(0, 10),
    version,
    processors: processorName(),
    memory: totalmem(),
    system: `${type()} ${release()}`,
    node: process.version,
    postgres,
    durableWrite: durableWrite(directory),
    loadAverage,
  };
}

/** Returns the load average over the last minute, to be read before the bench adds to it. */
export function loadAverage(): number {
  return loadavg()[0] ?? 0;
}

function durableWrite(directory: string): number {
  const path = join(directory, 'durable-write');
  const file = openSync(path, 'w');
  try {
    const times = Array.from({ length: WRITES }, (_, i) => {
      const begun = performance.now();
      writeSync(file, BLOCK, 0, BLOCK.length, i * BLOCK.length);
      fdatasyncSync(file);
      return performance.now() - begun;
    });
    return median(times);
  } finally {
    closeSync(file);
    rmSync(path);
  }
}
