import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { dropTenantSchema } from '../../src/provisioning/tenant-schema.js';
import { median } from '../statistics.js';
import { createAgency, missingAgencies, schemaOf } from './agencies.js';
import { openScene, rowsOf, type Scene, taken } from './scene.js';

/** Agencies of the small database. */
const FEW = 10;
const ROUNDS = 8;
/** PostgreSQL counts what a connection's process used when that has ended, a moment after the connection. */
const UNTIL_ENDED_MS = 200;

/** One more agency beside few others, and beside many. */
export interface CreationBeside {
  readonly few: OneMore;
  readonly many: OneMore;
}

/** The cost of one more agency. Milliseconds, medians. */
interface OneMore {
  readonly agencies: number;
  readonly elapsed: number;
  /** PostgreSQL's processor time; null where unknown. */
  readonly postgres: number | null;
  /** Pages of the catalogue and its indexes that are looked at: the same on a busy machine as on one at rest. */
  readonly pages: number;
}

/**
 * Creates one more agency in turn in a database of its own with few agencies and in the one with many, so that both have
 * the machine in the same state. Each is dropped again.
 */
export async function measureCreationBeside(scene: Scene): Promise<CreationBeside> {
  const { workshop, say, tenants } = scene;
  say('creating one more, beside few and beside many');
  const small = await openScene(workshop, { tenants: FEW, data: join(workshop.directory, 'few') }, say);
  for (const number of await missingAgencies(small)) await createAgency(small, number);
  const sides = [small, scene].map((of) => ({ of, elapsed: [] as number[], postgres: [] as number[] }));
  for (let round = 0; round <= ROUNDS; round++) {
    for (const { of, elapsed, postgres } of round % 2 === 0 ? sides : sides.toReversed()) {
      workshop.ensureOpen();
      const cost = await taken(of, async () => {
        const begun = performance.now();
        await createAgency(of, tenants);
        const took = performance.now() - begun;
        await sleep(UNTIL_ENDED_MS);
        return took;
      });
      await dropTenantSchema(of.handle.owner, schemaOf(tenants));
      await sleep(UNTIL_ENDED_MS);
      if (round === 0) continue; // what was read from the disk for the first time
      elapsed.push(cost.result);
      if (cost.postgres !== null) postgres.push(cost.postgres);
    }
  }
  const [few, many] = await Promise.all(
    sides.map(async ({ of, elapsed, postgres }) => ({
      agencies: of.tenants,
      elapsed: median(elapsed),
      postgres: postgres.length === elapsed.length ? median(postgres) : null,
      pages: await pagesOfCreation(of),
    })),
  );
  if (!few || !many) throw new Error('both sides are there');
  return { few, many };
}

async function pagesOfCreation(scene: Scene): Promise<number> {
  const { tenants, handle } = scene;
  // Asking looks at pages itself.
  const asking = await pagesOf(scene, async () => undefined);
  const both = await pagesOf(scene, () => createAgency(scene, tenants));
  await dropTenantSchema(handle.owner, schemaOf(tenants));
  return both - asking;
}

async function pagesOf(scene: Scene, work: () => Promise<void>): Promise<number> {
  const before = await pagesSoFar(scene);
  await work();
  await sleep(UNTIL_ENDED_MS);
  return (await pagesSoFar(scene)) - before;
}

async function pagesSoFar(scene: Scene): Promise<number> {
  const [row] = await rowsOf<{ pages: string }>(
    scene,
    `SELECT sum(heap_blks_read + heap_blks_hit + idx_blks_read + idx_blks_hit) AS pages FROM pg_statio_sys_tables`,
  );
  await sleep(UNTIL_ENDED_MS);
  return Number(row?.pages);
}
