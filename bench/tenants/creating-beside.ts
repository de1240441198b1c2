import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { dropTenantSchema } from '../../src/provisioning/tenant-schema.js';
import { median } from '../statistics.js';
import { createAgency, missingAgencies, schemaOf } from './agencies.js';
import { openScene, type Scene, taken } from './scene.js';

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

/** What one more agency takes. Milliseconds, medians. */
export interface OneMore {
  readonly agencies: number;
  readonly elapsed: number;
  /** PostgreSQL's processor time; null where unknown. */
  readonly postgres: number | null;
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
  const [few, many] = sides.map(({ of, elapsed, postgres }) => ({
    agencies: of.tenants,
    elapsed: median(elapsed),
    postgres: postgres.length === elapsed.length ? median(postgres) : null,
  }));
  if (!few || !many) throw new Error('both sides are there');
  return { few, many };
}
