import { LRUCache } from 'lru-cache';

interface Rest {
  readonly until: number;
  readonly failures: number;
}

/** Maximum number of tenants remembered; the oldest are forgotten. */
const MOST = 10_000;

/** The tenants that rest because their work failed, longer with each consecutive failure. */
export class TenantBackoff {
  readonly #rests: LRUCache<string, Rest>;

  /**
   * @param first the first rest, in milliseconds
   * @param longest the maximum, in milliseconds; failures are forgotten as long after a rest is over
   */
  constructor(
    private readonly first = 1_000,
    private readonly longest = 60_000,
  ) {
    this.#rests = new LRUCache({ max: MOST, ttl: 2 * longest });
  }

  /** Returns whether a tenant is resting. */
  isResting(schema: string): boolean {
    return performance.now() < (this.#rests.get(schema)?.until ?? 0);
  }

  /** Returns the resting tenants. */
  resting(): string[] {
    return [...this.#rests.keys()].filter((schema) => this.isResting(schema));
  }

  /** Ends a tenant's rests: its work succeeded. */
  succeeded(schema: string): void {
    this.#rests.delete(schema);
  }

  /** Lets a tenant rest as after a first failure, because it had no work. */
  pause(schema: string): void {
    this.#rests.set(schema, { until: performance.now() + this.first, failures: 0 });
  }

  /** Lets a tenant rest after a failure; failures of work begun before it rested count as one. */
  failed(schema: string): void {
    if (this.isResting(schema)) return;
    const failures = this.#rests.get(schema)?.failures ?? 0;
    const rest = Math.min(this.longest, this.first * 2 ** failures);
    this.#rests.set(schema, { until: performance.now() + rest, failures: failures + 1 });
  }
}
