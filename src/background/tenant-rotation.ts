import { LRUCache } from 'lru-cache';

/** The result of a tenant's turn: whether something was done, and whether it is likely to have more work. */
export type TurnResult = 'more' | 'done' | 'nothing';

export interface RotationOptions {
  /** Returns the schemas of the tenants that have work, in the order of their turns. */
  readonly readReady: () => Promise<readonly string[]>;
  /** Returns whether a tenant that had work a while ago may be served now. */
  readonly mayServe: (schema: string) => Promise<boolean>;
  /** Returns whether an error is one of the server, for which no tenant has to rest. */
  readonly isOutage: (error: unknown) => boolean;
  /** Called for each failed turn, except for outages. */
  readonly onError?: ((schema: string, error: unknown) => void) | undefined;
}

/** Time for which the list of tenants with work counts as up to date, in milliseconds. */
const RECENT_MS = 250;

/**
 * Serves tenants with work in turn, so that one which has much of it, or whose work fails, does not hold up the others.
 * Shared by the workers of a process, which never serve the same tenant at once.
 */
export class TenantRotation {
  #waiting: string[] = [];
  /** Tenants that had more work than a turn takes. */
  #again: string[] = [];
  #readAt = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | null = null;
  readonly #inService = new Set<string>();
  readonly #backoff = new TenantBackoff();

  constructor(private readonly options: RotationOptions) {}

  /** Whether further tenants wait for their turns. */
  get hasWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** Whether a tenant is being served. */
  get isServing(): boolean {
    return this.#inService.size > 0;
  }

  /**
   * Serves the next tenant.
   * @param serve does a bounded part of the tenant's work
   * @returns whether a tenant could be served
   * @throws errors of the server, from reading or serving
   */
  async serveNext(serve: (schema: string) => Promise<TurnResult>): Promise<boolean> {
    const schema = await this.#next();
    if (schema === null) return false;
    await this.#serve(schema, serve, true);
    return true;
  }

  /**
   * Serves a tenant that is said to have work, without reading who has, unless others wait for their turns, or it is in
   * service or resting. It is left to `serve` to find out whether the tenant may be served.
   * @returns whether it was its turn
   * @throws errors of the server
   */
  async serveAtOnce(schema: string, serve: (schema: string) => Promise<TurnResult>): Promise<boolean> {
    const othersWait = this.hasWaiting || this.#again.length > 0;
    if (othersWait || this.#inService.has(schema) || this.#backoff.isResting(schema)) return false;
    this.#inService.add(schema);
    await this.#serve(schema, serve, false);
    return true;
  }

  /** @param rests whether the tenant rests when it had no work after all */
  async #serve(
    schema: string,
    serve: (schema: string) => Promise<TurnResult>,
    rests: boolean,
  ): Promise<void> {
    try {
      const result = await serve(schema);
      if (result !== 'nothing') this.#backoff.succeeded(schema);
      else if (rests) this.#backoff.pause(schema);
      if (result === 'more') this.#again.push(schema);
    } catch (error) {
      if (this.options.isOutage(error)) throw error;
      this.#backoff.failed(schema);
      this.options.onError?.(schema, error);
    } finally {
      this.#inService.delete(schema);
    }
  }

  /** Returns the tenant whose turn it is, marked as in service; null when there is nothing to do at present. */
  async #next(): Promise<string | null> {
    for (let hasRead = false; ; ) {
      const schema = this.#waiting.shift();
      if (schema === undefined) {
        if (hasRead) return null;
        if (this.#again.length > 0 && this.#isRecent()) {
          this.#waiting = this.#again.splice(0);
        } else {
          hasRead = true;
          await this.#read();
        }
      } else if (!this.#inService.has(schema) && !this.#backoff.isResting(schema)) {
        if (await this.#enter(schema)) return schema;
      }
    }
  }

  /** Marks a tenant as in service, if it may still be served: a rotation over many tenants takes its time. */
  async #enter(schema: string): Promise<boolean> {
    this.#inService.add(schema);
    let mayServe = false;
    try {
      mayServe = this.#isRecent() || (await this.options.mayServe(schema));
    } finally {
      if (!mayServe) this.#inService.delete(schema);
    }
    return mayServe;
  }

  #isRecent(): boolean {
    return performance.now() - this.#readAt < RECENT_MS;
  }

  /** Reads the tenants that have work, for all workers that wait for it. */
  async #read(): Promise<void> {
    this.#reading ??= this.options
      .readReady()
      .then((schemas) => {
        this.#waiting = [...schemas];
        this.#again = [];
        this.#readAt = performance.now();
      })
      .finally(() => {
        this.#reading = null;
      });
    await this.#reading;
  }
}

interface Rest {
  readonly until: number;
  readonly failures: number;
}

/** Maximum number of tenants remembered; the oldest are forgotten. */
const MOST_RESTING = 10_000;

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
    this.#rests = new LRUCache({ max: MOST_RESTING, ttl: 2 * longest });
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
