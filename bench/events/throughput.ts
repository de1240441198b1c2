import { Child } from '../child.js';
import { median } from '../statistics.js';
import { makeBacklog, rateOf } from './backlog.js';
import type { GraphileCalls } from './graphile-process.js';
import { type Scene, TENANTS } from './scene.js';

export interface Rate {
  readonly who: string;
  /** Events per second. */
  readonly rate: number;
}

const ROUNDS = 3;
const MAIN = TENANTS.slice(0, 1);

interface Contender {
  readonly who: string;
  run(scene: Scene): Promise<number>;
}

const CONTENDERS: readonly Contender[] = [
  leopard('Leopard, one tenant', MAIN, 1),
  leopard('Leopard, four tenants, WORKER_CONCURRENCY=2', TENANTS, 2),
  ...[1, 4, 10, 24].map((concurrency) => graphile(concurrency, false)),
  graphile(10, true),
];

/**
 * Measures events per second out of a backlog of 20,000 in each tenant: a timeline entry, a notification and the
 * event's own row with its results kept. The same rows are written by jobs of graphile-worker, alternating with it.
 * Medians.
 */
export async function measureThroughput(scene: Scene, say: (line: string) => void): Promise<Rate[]> {
  const rates = new Map<Contender, number[]>(CONTENDERS.map((contender) => [contender, []]));
  for (let round = 1; round <= ROUNDS; round++) {
    for (const [contender, own] of rates) {
      const rate = await contender.run(scene);
      say(`round ${round}: ${contender.who}: ${rate.toFixed(0)}/s`);
      own.push(rate);
    }
  }
  return [...rates].map(([{ who }, own]) => ({ who, rate: median(own) }));
}

function leopard(who: string, tenants: readonly (typeof TENANTS)[number][], concurrency: number): Contender {
  return {
    who,
    async run(scene) {
      await makeBacklog(scene, tenants);
      const program = scene.start('worker', { WORKER_CONCURRENCY: String(concurrency) });
      const rate = await rateOf(scene, tenants);
      await program.stop();
      return rate;
    },
  };
}

function graphile(concurrency: number, batched: boolean): Contender {
  return {
    who: `graphile-worker, ${concurrency} at a time${batched ? ', jobs fetched and completed in batches' : ''}`,
    async run(scene) {
      await makeBacklog(scene, MAIN);
      const child = new Child<GraphileCalls>('./events/graphile-process.ts');
      scene.workshop.atEnd(() => child.stop());
      await child.call('prepare', { settings: scene.admin });
      await child.call('start', { settings: scene.admin, concurrency, batched });
      const rate = await rateOf(scene, MAIN);
      await child.call('stop', undefined);
      await child.stop();
      return rate;
    },
  };
}
