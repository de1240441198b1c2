import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConnectionSettings } from '../../src/config/config.js';
import { type DatabaseHandle, openDatabase } from '../../src/database/connections.js';
import { withOwner } from '../../src/database/owner.js';
import { migrateAll } from '../../src/schema/migrator.js';
import { cpuTimes } from '../processes.js';
import { build, freePort, Instance } from '../program.js';
import type { Workshop } from '../workshop.js';

/** An embedded database for many agencies, and the program's settings for it. */
export interface Scene {
  readonly instance: Instance;
  readonly handle: DatabaseHandle & { readonly owner: ConnectionSettings };
  /** Number of agencies to measure with. */
  readonly tenants: number;
  /** A folder for what single measurements need. */
  readonly folder: string;
  readonly workshop: Workshop;
  readonly say: (line: string) => void;
}

export interface SceneOptions {
  readonly tenants: number;
  /** The folder whose agencies are used and which is kept; a temporary one when undefined. */
  readonly data: string | undefined;
}

/** Starts the database, with all shared tables. Closing the workshop stops it. */
export async function openScene(
  workshop: Workshop,
  { tenants, data }: SceneOptions,
  say: (line: string) => void,
): Promise<Scene> {
  await build();
  const directory = data ?? join(workshop.directory, 'data');
  if (!existsSync(directory)) await mkdir(directory, { recursive: true });
  const instance = new Instance(directory, await freePort());
  workshop.ensureOpen();
  const opening = openDatabase(instance.config);
  workshop.atEnd(() => opening.then((handle) => handle.close()));
  const handle = await opening;
  const { owner, app } = handle;
  if (!owner) throw new Error("the owner's connection is missing");
  await migrateAll(owner, app.user, { keepNewerCapture: true });
  return { instance, handle: { ...handle, owner }, tenants, folder: workshop.directory, workshop, say };
}

/** Returns the rows of a query of the owner. */
export async function rowsOf<Row extends object>(
  { handle }: Pick<Scene, 'handle'>,
  sql: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  return (await withOwner(handle.owner, (client) => client.query<Row>(sql, [...values]))).rows;
}

/** The cost of some work: milliseconds on the clock, and of PostgreSQL's processors (null where unknown). */
export interface Taken<T> {
  readonly result: T;
  readonly elapsed: number;
  readonly postgres: number | null;
}

/** Runs work and returns what it took. */
export async function taken<T>({ instance }: Scene, work: () => Promise<T>): Promise<Taken<T>> {
  const watched = { node: null, postmaster: instance.postmaster };
  const before = cpuTimes(watched).postgres;
  const begun = performance.now();
  const result = await work();
  const elapsed = performance.now() - begun;
  const after = cpuTimes(watched).postgres;
  return { result, elapsed, postgres: before === null || after === null ? null : after - before };
}
