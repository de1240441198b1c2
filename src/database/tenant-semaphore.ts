/**
 * Thrown when no connection became free in time or too many requests wait; has the code of a server without free ones.
 */
class NoConnectionFreeError extends Error {
  override readonly name = 'NoConnectionFreeError';
  readonly code = '53300';
}

export interface TenantSemaphoreOptions {
  /** Number of permits: how many are held at once at most. */
  readonly size: number;
  /** Maximum wait for a permit, in milliseconds. */
  readonly within: number;
  /** Whether each tenant leaves some permits to the others; otherwise tenants only take turns. */
  readonly leavesSome?: boolean;
  /** Maximum number of waiting requests per tenant; further ones are rejected at once. */
  readonly mostWaiting?: number;
}

/** The key for statements that belong to no tenant. */
export const NO_TENANT = '';

const MOST_WAITING = 1_000;
/** Minimum size at which one connection is reserved for statements of no tenant, which every request needs. */
const KEEPS_ONE_FROM = 3;
/** Maximum number of permits per permit left free, for a tenant that takes more than one. */
const PER_FREE_ONE = 3;

interface Waiter {
  take(): void;
  refuse(error: Error): void;
  /** Until when it waits, on the clock of performance.now(). */
  readonly until: number;
}

/**
 * A semaphore for the pool's connections that serves tenants round-robin. With `leavesSome`, a tenant that holds no
 * permit gets the next free one, and a tenant that holds some gets another only while enough are left for the others.
 * So a tenant whose statements are slow, or wait for each other, holds three of five at most, and other tenants'
 * statements go on.
 */
export class TenantSemaphore {
  readonly #held = new Map<string, number>();
  /** Waiting requests by tenant, in the order in which they are served. */
  readonly #waiting = new Map<string, Set<Waiter>>();
  #used = 0;
  /** Runs while somebody waits: one timer for all, since most wait for less than a millisecond. */
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: TenantSemaphoreOptions) {}

  /** The number of waiting requests. */
  get waiting(): number {
    let sum = 0;
    for (const waiters of this.#waiting.values()) sum += waiters.size;
    return sum;
  }

  /**
   * Waits for a permit for this tenant.
   * @returns the function that releases it, to be called once
   * @throws NoConnectionFreeError
   */
  async acquire(tenant: string): Promise<() => void> {
    if (!this.#waiting.has(tenant) && this.#mayAcquire(tenant)) this.#noteAcquired(tenant);
    else await this.#wait(tenant);
    return () => this.#release(tenant);
  }

  #mayAcquire(tenant: string): boolean {
    const { size, leavesSome } = this.options;
    const isBounded = leavesSome === true && size >= KEEPS_ONE_FROM;
    const isKept = isBounded && tenant !== NO_TENANT && !this.#held.has(NO_TENANT);
    const free = size - this.#used - Number(isKept);
    if (free < 1) return false;
    const held = this.#held.get(tenant) ?? 0;
    return held === 0 || !isBounded || held + 1 <= PER_FREE_ONE * (free - 1);
  }

  #noteAcquired(tenant: string): void {
    this.#used++;
    this.#held.set(tenant, (this.#held.get(tenant) ?? 0) + 1);
  }

  #wait(tenant: string): Promise<void> {
    const { within, mostWaiting = MOST_WAITING } = this.options;
    const waiters = this.#waiting.get(tenant) ?? new Set();
    if (waiters.size >= mostWaiting) throw new NoConnectionFreeError('too many requests wait already');
    this.#waiting.set(tenant, waiters);
    return new Promise((resolve, reject) => {
      waiters.add({ take: resolve, refuse: reject, until: performance.now() + within });
      this.#timer ??= setTimeout(() => this.#refuseLate(), within);
    });
  }

  /** Refuses those who have waited long enough, and waits for the end of the next one's time. */
  #refuseLate(): void {
    const now = performance.now() + 1; // a timer may be early by less than a millisecond
    let next = Number.POSITIVE_INFINITY;
    for (const [tenant, waiters] of this.#waiting) {
      for (const waiter of waiters) {
        if (waiter.until > now) {
          next = Math.min(next, waiter.until); // those behind it came later
          break;
        }
        waiters.delete(waiter);
        waiter.refuse(new NoConnectionFreeError('no connection came free in time'));
      }
      if (waiters.size === 0) this.#waiting.delete(tenant);
    }
    this.#timer = this.#waiting.size === 0 ? undefined : setTimeout(() => this.#refuseLate(), next - now + 1);
  }

  #release(tenant: string): void {
    this.#used--;
    const left = (this.#held.get(tenant) ?? 0) - 1;
    if (left > 0) this.#held.set(tenant, left);
    else this.#held.delete(tenant);
    while (this.#letNextIn());
    if (this.#waiting.size > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Gives a permit to the first tenant that may have one, and moves it to the end. @returns whether there was one */
  #letNextIn(): boolean {
    for (const [tenant, waiters] of this.#waiting) {
      if (!this.#mayAcquire(tenant)) continue;
      const [waiter] = waiters as Set<Waiter> & Iterable<Waiter>;
      if (!waiter) continue;
      this.#waiting.delete(tenant);
      waiters.delete(waiter);
      if (waiters.size > 0) this.#waiting.set(tenant, waiters);
      this.#noteAcquired(tenant);
      waiter.take();
      return true;
    }
    return false;
  }
}
