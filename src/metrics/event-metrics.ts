import type { Registry } from 'prom-client';
import type { HandledEvent } from '../events/worker/event-outcome.js';
import { Counts, Durations } from './series.js';
import { TenantLabels } from './tenant-labels.js';

/** Seconds. */
const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5, 30, 300];

/** Metrics of domain events handled in this process. */
export class EventMetrics {
  readonly #counts;
  readonly #latency: Durations;
  readonly #tenants = new TenantLabels();

  constructor(registry: Registry) {
    const labels = ['tenant', 'type'];
    const counts = (name: string, help: string) =>
      new Counts(registry, { name: `leopard_events_${name}_total`, help, labels });
    this.#counts = {
      completed: counts('handled', 'Domain events that were handled.'),
      retried: counts('retried', 'Attempts at a domain event that failed and are repeated.'),
      failed: counts('failed', 'Domain events that failed for good.'),
    };
    const help = 'From the transaction of a change to the commit of what was done about it.';
    this.#latency = new Durations(registry, { name: 'leopard_event_latency_seconds', help, labels }, BOUNDS);
  }

  /** For the dispatcher's `onHandled`: counts the outcomes of a batch of one tenant's events. */
  readonly onHandled = (schema: string, handled: readonly HandledEvent[]): void => {
    const tenant = this.#tenants.of(schema);
    for (const { event, outcome } of handled) {
      if (!event || outcome.kind === 'waiting' || outcome.kind === 'gone') continue;
      this.#counts[outcome.kind].of(tenant, event.event_type).count++;
      if (outcome.kind !== 'completed') continue;
      // The clocks of two machines may differ.
      const milliseconds = Math.max(0, Date.now() - Date.parse(event.created_at));
      this.#latency.of(tenant, event.event_type).add(milliseconds / 1_000);
    }
  };
}
