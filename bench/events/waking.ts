import { Database } from '../../src/database/database.js';
import { Listener } from '../../src/database/listener.js';
import { statement } from '../../src/database/statement.js';
import { joined, median, percentile } from '../statistics.js';
import { makeBacklog } from './backlog.js';
import { CLIENTS, type Scene } from './scene.js';

export interface Writes {
  readonly notices: boolean;
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** The rate as a share of that without notices, in the same round: the median. */
  readonly share: number;
}

const CONNECTIONS = 64;
const ROUNDS = 6;
const SECONDS = 4;
const context = { schema: 'tenant_main', userId: null };

/**
 * Measures the cost for writers of waking a worker: changes that make an event, on 64 connections at once, while a worker
 * is registered as idle all the time, so that notices are given, and when none is because workers are busy. Alternating.
 */
export async function measureWaking(scene: Scene): Promise<Writes[]> {
  await makeBacklog(scene, []);
  const database = new Database(scene.app, { size: CONNECTIONS });
  scene.workshop.atEnd(() => database.close());
  const listener = new Listener(scene.app);
  scene.workshop.atEnd(() => listener.close());
  listener.on('leopard_events', () => undefined);
  await listener.start();
  const all = [false, true].map((notices) => ({
    notices,
    rates: [] as number[],
    times: [] as Float64Array[],
  }));
  for (let round = -1; round < ROUNDS; round++) {
    for (const { notices, rates, times } of round % 2 === 0 ? all : [...all].reverse()) {
      await scene.sql(
        notices
          ? 'INSERT INTO public.event_sleeper (worker) VALUES (gen_random_uuid())'
          : 'TRUNCATE public.event_sleeper',
      );
      const begun = performance.now();
      const own = await writeFor(database, begun + SECONDS * 1000);
      if (round < 0) continue; // plans and caches
      rates.push((own.length * 1000) / (performance.now() - begun));
      times.push(own);
    }
    await scene.sql('TRUNCATE public.event_queue, tenant_main.immigration_event CASCADE');
  }
  return all.map(({ notices, rates, times }) => ({
    notices,
    perSecond: median(rates),
    p50: percentile(joined(times), 0.5),
    p99: percentile(joined(times), 0.99),
    share: median(rates.map((rate, round) => rate / (all[0]?.rates[round] ?? Number.NaN))),
  }));
}

/** Changes clients on each connection, its own ones, one after the other. */
async function writeFor(database: Database, until: number): Promise<Float64Array> {
  const times: number[] = [];
  const write = async (_: unknown, connection: number) => {
    for (let n = 0; performance.now() < until; n++) {
      const begun = performance.now();
      const client = 1 + ((n * CONNECTIONS + connection) % CLIENTS);
      await database.tenantQuery(
        context,
        statement(
          "UPDATE immigration_client SET stage = CASE stage WHEN 'CLIENT' THEN 'CLOSE' ELSE 'CLIENT' END WHERE id = $1",
          [client],
        ),
      );
      times.push(performance.now() - begun);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, write));
  return Float64Array.from(times);
}
