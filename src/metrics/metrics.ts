import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Database } from '../database/database.js';
import type { Replica } from '../database/replica.js';
import type { UncaughtKind } from '../platform/uncaught-errors.js';
import { type AnswerFigures, measureAnswers } from './answer-metrics.js';
import { type BackupState, measureBackups } from './backup-metrics.js';
import { DatabaseMetrics } from './database-metrics.js';
import { EventMetrics } from './event-metrics.js';
import { measureRequests } from './http-metrics.js';
import { ReplicaMetrics } from './replica-metrics.js';

/** Timeout for the database; scrapers wait about this long. */
const DATABASE_WITHIN_MS = 2_000;

/** The metrics of one process, for Prometheus. */
export class Metrics {
  readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE;
  readonly events: EventMetrics;
  /** Counts an uncaught error. */
  readonly onUncaughtError: (kind: UncaughtKind) => void;
  readonly #registry = new Registry();
  readonly #database: DatabaseMetrics;
  readonly #pools: { readonly labels: { pool: string; cell?: string }; readonly database: Database }[] = [];
  #cells: () => ReadonlyMap<string, boolean> = () => new Map();
  #replicas: ReplicaMetrics | undefined;
  #streams: () => number = () => 0;
  #refreshing: Promise<void> | undefined;

  /**
   * @param database queried for what all processes have in common
   * @param cells the further cells, which are queried for the same
   */
  constructor(database: Database, cells: ReadonlyMap<string, Database> = new Map()) {
    const registry = this.#registry;
    collectDefaultMetrics({ register: registry });
    this.events = new EventMetrics(registry);
    const uncaught = new Counter({
      name: 'leopard_uncaught_errors_total',
      help: 'Uncaught errors: of connections, faults of the program, and those that ended it.',
      labelNames: ['kind'],
      registers: [registry],
    });
    this.onUncaughtError = (kind) => uncaught.inc({ kind });
    this.#database = new DatabaseMetrics(registry, database, cells);
    const pools = this.#pools;
    new Gauge({
      name: 'leopard_database_connections',
      help: 'Connections of this process to the database, and requests that wait for one.',
      labelNames: ['pool', 'state', 'cell'],
      registers: [registry],
      collect() {
        for (const { labels, database } of pools) {
          for (const [state, count] of Object.entries(database.load)) this.set({ ...labels, state }, count);
        }
      },
    });
    const states = () => this.#cells();
    new Gauge({
      name: 'leopard_cell_up',
      help: 'Whether a further cell can be used: 1, or 0, when its tenants are answered 503.',
      labelNames: ['cell'],
      registers: [registry],
      collect() {
        for (const [cell, isUp] of states()) this.set({ cell }, Number(isUp));
      },
    });
    const count = () => this.#streams();
    new Gauge({
      name: 'leopard_open_streams',
      help: 'Open live streams of notifications.',
      registers: [registry],
      collect() {
        this.set(count());
      },
    });
  }

  /** Measures the requests of a server. Call it before routes are added. */
  measureRequests(server: FastifyInstance): void {
    measureRequests(server, this.#registry);
  }

  /** Exports the number of a pool's connections, and of those in use. @param cell the further cell to which they lead */
  watchPool(pool: string, database: Database, cell?: string): void {
    this.#pools.push({ labels: { pool, ...(cell !== undefined && { cell }) }, database });
  }

  /** Exports how far a replica is behind, and how many reads it answers. @param cell the cell that it belongs to */
  watchReplica(cell: string, replica: Replica): void {
    this.#replicas ??= new ReplicaMetrics(this.#registry);
    this.#replicas.watch(cell, replica);
  }

  /** Exports the state of backups. @param read reads it; what it cannot read is left out */
  watchBackups(read: () => Promise<BackupState>): void {
    measureBackups(this.#registry, read);
  }

  /** Exports how many reads are answered from memory, and what that memory takes. */
  watchAnswers(figures: () => AnswerFigures): void {
    measureAnswers(this.#registry, figures);
  }

  /** Exports whether each further cell can be used. */
  watchCells(states: () => ReadonlyMap<string, boolean>): void {
    this.#cells = states;
  }

  /** Exports the number of open live streams. */
  watchStreams(count: () => number): void {
    this.#streams = count;
  }

  /** Returns all metrics, in Prometheus' text format, without those of a database that does not answer. */
  async text(): Promise<string> {
    this.#refreshing ??= this.#database
      .refresh()
      .catch(() => undefined)
      .finally(() => {
        this.#refreshing = undefined;
      });
    await Promise.race([this.#refreshing, sleep(DATABASE_WITHIN_MS, undefined, { ref: false })]);
    return await this.#registry.metrics();
  }
}
