import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseHandle } from '../src/database/connections.js';
import { createTenantSchema } from '../src/provisioning/tenant-schema.js';
import { postgresMemory, residentMemory } from './processes.js';
import { Instance, type Program } from './program.js';
import { median } from './statistics.js';
import type { Workshop } from './workshop.js';

/** Milliseconds until /health/ answers. */
export interface StartTimes {
  /** In an empty folder, demonstration data included. */
  readonly first: number;
  /** The median of several starts on existing data. */
  readonly later: number;
}

/** Bytes; null where unknown. */
export interface Memory {
  readonly node: number | null;
  readonly postgres: number | null;
}

const SETTLING_MS = 2_000;

/**
 * Starts and stops the program in a folder of its own. The folder stays until the workshop closes: ext4 skips the
 * places of files removed minutes before, one by one, and creating a tenant would seem up to twice as slow.
 */
export async function measureStart(
  workshop: Workshop,
  port: number,
  laterStarts: number,
): Promise<StartTimes> {
  const directory = join(workshop.directory, 'start');
  await mkdir(directory);
  const times: number[] = [];
  for (let i = 0; i <= laterStarts; i++) {
    const program = workshop.start(new Instance(directory, port));
    times.push(await program.ready());
    await program.stop();
  }
  const [first = Number.NaN, ...later] = times;
  return { first, later: median(later) };
}

/** Returns the memory of the program and its database at rest. */
export async function memoryAtRest({ watched }: Program): Promise<Memory> {
  await sleep(SETTLING_MS);
  return {
    node: watched.node === null ? null : residentMemory(watched.node),
    postgres: watched.postmaster === null ? null : postgresMemory(watched.postmaster),
  };
}

/** Measures the milliseconds that creating a tenant takes, one after the other: the median. */
export async function measureProvisioning({ owner, app }: DatabaseHandle, count: number): Promise<number> {
  if (!owner) throw new Error("the owner's connection is missing");
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const begun = performance.now();
    await createTenantSchema(owner, app.user, {
      schema: `tenant_bench_${i}`,
      name: `Bench ${i}`,
      domains: [{ domain: `bench-${i}.localhost`, isPrimary: true }],
    });
    times.push(performance.now() - begun);
  }
  return median(times);
}

/** Measures the milliseconds of one log-in, one after the other: the median. @param logIn performs one */
export async function measureLogIn(logIn: () => Promise<unknown>, count: number): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const begun = performance.now();
    await logIn();
    times.push(performance.now() - begun);
  }
  return median(times);
}
