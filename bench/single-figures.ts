import { mkdir, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseHandle } from '../src/database/connections.js';
import { createTenant } from '../src/tenancy/provisioning.js';
import { postgresMemory, residentMemory } from './processes.js';
import { Instance, Program } from './program.js';
import { median } from './statistics.js';

/** Milliseconds until /health/ answers. */
export interface StartTimes {
  /** In an empty folder, demonstration data included. */
  readonly first: number;
  /** The median of several with the data there. */
  readonly later: number;
}

/** Bytes; null where they cannot be told. */
export interface Memory {
  readonly node: number | null;
  readonly postgres: number | null;
}

const SETTLING_MS = 2_000;

/** @param onStart gets each program, to be able to stop it whatever happens */
export async function measureStart(
  directory: string,
  port: number,
  laterStarts: number,
  onStart: (program: Program) => void,
): Promise<StartTimes> {
  await mkdir(directory);
  const instance = new Instance(directory, port);
  const times: number[] = [];
  for (let i = 0; i <= laterStarts; i++) {
    const program = await Program.start(instance);
    onStart(program);
    times.push(program.readyAfter);
    await program.stop();
  }
  await rm(directory, { recursive: true, force: true });
  const [first = Number.NaN, ...later] = times;
  return { first, later: median(later) };
}

/** What the program and its database hold once they have nothing to do. */
export async function memoryAtRest({ watched }: Program): Promise<Memory> {
  await sleep(SETTLING_MS);
  return {
    node: watched.node === null ? null : residentMemory(watched.node),
    postgres: watched.postmaster === null ? null : postgresMemory(watched.postmaster),
  };
}

/** Milliseconds that it takes to create a tenant, one after the other: the median. */
export async function measureProvisioning({ owner, app }: DatabaseHandle, count: number): Promise<number> {
  if (!owner) throw new Error("the owner's connection is missing");
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const begun = performance.now();
    await createTenant(owner, app.user, {
      schema: `tenant_bench_${i}`,
      name: `Bench ${i}`,
      domains: [{ domain: `bench-${i}.localhost`, isPrimary: true }],
    });
    times.push(performance.now() - begun);
  }
  return median(times);
}

/** Milliseconds of one log-in, one after the other: the median. @param logIn does one */
export async function measureLogIn(logIn: () => Promise<unknown>, count: number): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const begun = performance.now();
    await logIn();
    times.push(performance.now() - begun);
  }
  return median(times);
}
