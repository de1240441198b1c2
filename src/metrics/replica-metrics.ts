import { Counter, Gauge, type Registry } from 'prom-client';
import type { Replica } from '../database/replica.js';

/** The metrics of the replicas that this process reads from. */
export class ReplicaMetrics {
  readonly #replicas = new Map<string, Replica>();

  constructor(registry: Registry) {
    const replicas = this.#replicas;
    new Gauge({
      name: 'leopard_replica_lag_seconds',
      help: 'How far the replica is behind; -1 while it does not answer or is none.',
      labelNames: ['cell'],
      registers: [registry],
      collect() {
        for (const [cell, { watch }] of replicas) this.set({ cell }, watch.lag ?? -1);
      },
    });
    new Counter({
      name: 'leopard_replica_reads_total',
      help: 'Reads that a replica may answer: by it (replica), or by the primary, for the reason named.',
      labelNames: ['cell', 'outcome'],
      registers: [registry],
      collect() {
        this.reset();
        for (const [cell, { counts }] of replicas) {
          for (const [outcome, count] of Object.entries(counts)) this.inc({ cell, outcome }, count);
        }
      },
    });
  }

  /** Exports the figures of a replica. @param cell the name of the cell that it belongs to */
  watch(cell: string, replica: Replica): void {
    this.#replicas.set(cell, replica);
  }
}
