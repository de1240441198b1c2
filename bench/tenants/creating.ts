import { median } from '../statistics.js';
import { createAgency, missingAgencies } from './agencies.js';
import { rowsOf, type Scene, taken } from './scene.js';

/** The creation of agencies, one after the other. Milliseconds each. */
export interface Creation {
  readonly created: number;
  readonly total: number;
  /** Medians of the first and the last tenth, on the clock. */
  readonly first: number;
  readonly last: number;
  /** Means of PostgreSQL's processor time in the first and the last tenth; null where unknown. */
  readonly firstCpu: number | null;
  readonly lastCpu: number | null;
  /** Bytes on disk: of the whole database, and of the catalogue. */
  readonly databaseBytes: number;
  readonly catalogueBytes: number;
  readonly files: number;
}

/** Creates the agencies that are missing; null when there are all. */
export async function measureCreation(scene: Scene): Promise<Creation | null> {
  const missing = await missingAgencies(scene);
  if (missing.length === 0) return null;
  scene.say(`creating ${missing.length} agencies`);
  const tenth = Math.max(1, Math.floor(missing.length / 10));
  const all: number[] = [];
  const cpu: (number | null)[] = [];
  for (let from = 0; from < missing.length; from += tenth) {
    const part = missing.slice(from, from + tenth);
    const { postgres } = await taken(scene, async () => {
      for (const number of part) {
        scene.workshop.ensureOpen();
        const begun = performance.now();
        await createAgency(scene, number);
        all.push(performance.now() - begun);
      }
    });
    cpu.push(postgres === null ? null : postgres / part.length);
    scene.say(
      `  ${all.length}: ${median(all.slice(-part.length)).toFixed(0)} ms each, PostgreSQL ${cpu.at(-1)?.toFixed(0)} ms`,
    );
  }
  const tenths = Math.floor(missing.length / tenth);
  const [size] = await rowsOf<{ database: string; catalogue: string; files: number }>(scene, SIZES);
  return {
    created: all.length,
    total: all.reduce((sum, time) => sum + time, 0),
    first: median(all.slice(0, tenth)),
    last: median(all.slice((tenths - 1) * tenth, tenths * tenth)),
    firstCpu: cpu[0] ?? null,
    lastCpu: cpu[tenths - 1] ?? null,
    databaseBytes: Number(size?.database),
    catalogueBytes: Number(size?.catalogue),
    files: size?.files ?? 0,
  };
}

const SIZES = `
  SELECT pg_database_size(current_database()) AS database,
    (SELECT sum(pg_total_relation_size(oid)) FROM pg_class
     WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind = 'r' AND NOT relisshared) AS catalogue,
    (SELECT count(*)::integer FROM pg_class WHERE relfilenode <> 0) AS files`;
