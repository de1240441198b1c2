/** Thrown when no connection came free in time or too many requests wait; has the code of a server without free ones. */
export class NoConnectionFreeError extends Error {
  override readonly name = 'NoConnectionFreeError';
  readonly code = '53300';
}

export interface TurnsOptions {
  /** Maximum number of turns held at once. */
  readonly size: number;
  /** Maximum wait for a turn, in milliseconds. */
  readonly within: number;
  /** Whether each tenant leaves some turns to the others; otherwise turns only rotate. */
  readonly leavesSome?: boolean;
  /** Maximum number of waiting requests per tenant; further ones are refused at once. */
  readonly mostWaiting?: number;
}

/** The key for statements that belong to no tenant. */
export const NOBODYS = '';

const MOST_WAITING = 1_000;
/** Minimum size at which one connection is reserved for statements of no tenant, which every request needs. */
const KEEPS_ONE_FROM = 3;
/** Maximum number of turns per turn left free, for a tenant that takes more than one. */
const PER_FREE_ONE = 3;

interface Waiter {
  take(): void;
  timer: NodeJS.Timeout;
}

/**
 * Turns at the pool's connections, by tenant, in rotation. With `leavesSome`, a tenant that holds none gets the next
 * free one, and a tenant that holds some gets another only while enough are left for the others. So a tenant whose
 * statements are slow, or wait for each other, holds three of five at most, and other tenants' statements go on.
 */
export class Turns {
  readonly #held = new Map<string, number>();
  /** Waiting requests by tenant, in the order of their turns. */
  readonly #waiting = new Map<string, Set<Waiter>>();
  #used = 0;

  constructor(private readonly options: TurnsOptions) {}

  /** The number of waiting requests. */
  get waiting(): number {
    let sum = 0;
    for (const waiters of this.#waiting.values()) sum += waiters.size;
    return sum;
  }

  /**
   * Waits for a turn of this tenant.
   * @returns the function that ends the turn, to be called once
   * @throws NoConnectionFreeError
   */
  async take(tenant: string): Promise<() => void> {
    if (!this.#waiting.has(tenant) && this.#mayHave(tenant)) this.#have(tenant);
    else await this.#wait(tenant);
    return () => this.#giveBack(tenant);
  }

  #mayHave(tenant: string): boolean {
    const { size, leavesSome } = this.options;
    const isBounded = leavesSome === true && size >= KEEPS_ONE_FROM;
    const isKept = isBounded && tenant !== NOBODYS && !this.#held.has(NOBODYS);
    const free = size - this.#used - Number(isKept);
    if (free < 1) return false;
    const held = this.#held.get(tenant) ?? 0;
    return held === 0 || !isBounded || held + 1 <= PER_FREE_ONE * (free - 1);
  }

  #have(tenant: string): void {
    this.#used++;
    this.#held.set(tenant, (this.#held.get(tenant) ?? 0) + 1);
  }

  #wait(tenant: string): Promise<void> {
    const { within, mostWaiting = MOST_WAITING } = this.options;
    const waiters = this.#waiting.get(tenant) ?? new Set();
    if (waiters.size >= mostWaiting) throw new NoConnectionFreeError('too many requests wait already');
    this.#waiting.set(tenant, waiters);
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        take: resolve,
        timer: setTimeout(() => {
          this.#forget(tenant, waiter);
          reject(new NoConnectionFreeError('no connection came free in time'));
        }, within),
      };
      waiters.add(waiter);
    });
  }

  #forget(tenant: string, waiter: Waiter): void {
    const waiters = this.#waiting.get(tenant);
    waiters?.delete(waiter);
    if (waiters?.size === 0) this.#waiting.delete(tenant);
  }

  #giveBack(tenant: string): void {
    this.#used--;
    const left = (this.#held.get(tenant) ?? 0) - 1;
    if (left > 0) this.#held.set(tenant, left);
    else this.#held.delete(tenant);
    while (this.#letNextIn());
  }

  /** Gives a turn to the first tenant that may have one, and moves it to the end. @returns whether there was one */
  #letNextIn(): boolean {
    for (const [tenant, waiters] of this.#waiting) {
      if (!this.#mayHave(tenant)) continue;
      const [waiter] = waiters as Set<Waiter> & Iterable<Waiter>;
      if (!waiter) continue;
      clearTimeout(waiter.timer);
      this.#waiting.delete(tenant);
      waiters.delete(waiter);
      if (waiters.size > 0) this.#waiting.set(tenant, waiters);
      this.#have(tenant);
      waiter.take();
      return true;
    }
    return false;
  }
}
