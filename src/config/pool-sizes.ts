import { handlesEvents, importsClients, type Service } from './services.js';

/** Connections of a worker beyond one per tenant served: for reading which tenants are next. */
const WORKER_OTHERS = 1;

/** Sizes of the pools that each service of a process has, beside DB_POOL_SIZE of the API. */
export const POOL_SIZES = {
  worker: (concurrency: number) => concurrency + WORKER_OTHERS,
  /** Statements are few and short, however many receivers are slow. */
  deliveries: 2,
  /** One part of an import at a time. */
  imports: 1,
  /** One connection for long jobs, one for short ones beside it. */
  scheduler: 2,
  metrics: 1,
} as const;

interface PoolSettings {
  readonly poolSize: number;
  readonly workerConcurrency: number;
  readonly metrics: { readonly port: number };
}

/** Numbers of connections to the database. */
export interface Connections {
  /** Maximum number in pools, which may lead through a pooler. */
  readonly pooled: number;
  /** Number of those that receive notices, which go past a pooler where the way is given. */
  readonly listening: number;
}

/** Returns the maximum number of connections that a process has to the database. */
export function connectionsOf(services: ReadonlySet<Service>, settings: PoolSettings): Connections {
  const { poolSize, workerConcurrency, metrics } = settings;
  const has = {
    api: services.has('api'),
    worker: handlesEvents(services),
    imports: importsClients(services),
  };
  const pools = [
    has.api ? poolSize : 0,
    has.worker ? POOL_SIZES.worker(workerConcurrency) + POOL_SIZES.deliveries : 0,
    has.imports ? POOL_SIZES.imports : 0,
    services.has('scheduler') ? POOL_SIZES.scheduler : 0,
    metrics.port === 0 ? 0 : POOL_SIZES.metrics,
  ];
  return {
    pooled: pools.reduce((sum, size) => sum + size, 0),
    listening: Object.values(has).filter(Boolean).length,
  };
}
