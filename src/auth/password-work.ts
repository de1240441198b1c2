import { addressKey } from '../http/address-key.js';
import { HttpError, throttled } from '../http/errors.js';

/** The client for which a password is checked or hashed. */
export interface PasswordAsker {
  /** The tenant's schema. */
  readonly tenant: string;
  /** The client's address. */
  readonly address: string;
}

export interface PasswordWorkLimits {
  /** Maximum number of passwords that are checked or hashed at once; 0: no limit. */
  readonly atOnce: number;
  /** Maximum number of those that wait: in all, of one tenant, and of one address over all tenants; 0: no limit. */
  readonly waiting: number;
  readonly waitingPerTenant: number;
  readonly waitingPerAddress: number;
}

interface Waiter {
  readonly tenant: string;
  readonly address: string;
  begin(): void;
  refuse(error: HttpError): void;
}

/** Waiting work by address, in the order in which addresses are served. */
type Queue = Map<string, Waiter[]>;

/** Maximum wait, in milliseconds. */
const WAITS_FOR_MS = 10_000;
/** Seconds after which a refused client may try again. */
const TRY_AGAIN_IN = 5;
const BUSY = 'The service is busy. Try again.';
/** The asker of work that no client asked for, such as that of commands. */
const NO_CLIENT: PasswordAsker = { tenant: '', address: '' };

/**
 * Shares the process's password hashing among tenants and addresses: tenants take turns, and in each its addresses; an
 * address whose work is under way lets others go first. Where too many wait, the address or tenant with most of them is
 * refused. Hashing takes long and runs on the few threads that files and name lookups need too.
 */
export class PasswordWork {
  #limits: PasswordWorkLimits = { atOnce: 2, waiting: 1_000, waitingPerTenant: 200, waitingPerAddress: 100 };
  readonly #tenants = new Map<string, Queue>();
  readonly #running = new Map<string, number>();
  readonly #waitingOfAddress = new Map<string, number>();
  #atOnce = 0;
  #waiting = 0;

  constructor(private readonly within = WAITS_FOR_MS) {}

  setLimits(limits: PasswordWorkLimits): void {
    this.#limits = limits;
  }

  /**
   * Runs this work when it is its turn.
   * @throws HttpError 429 where the address or the tenant has too much of it, or its turn does not come in time; 503
   * where the process has
   */
  async run<T>(work: () => Promise<T>, asker: PasswordAsker = NO_CLIENT): Promise<T> {
    const { tenant } = asker;
    const address = addressKey(asker.address);
    const { atOnce } = this.#limits;
    if (atOnce > 0 && this.#atOnce >= atOnce) await this.#wait(tenant, address);
    else this.#noteBegun(address);
    try {
      return await work();
    } finally {
      this.#noteDone(address);
    }
  }

  #wait(tenant: string, address: string): Promise<void> {
    const isOfClient = tenant !== NO_CLIENT.tenant;
    if (isOfClient) this.#makeRoom(tenant, address);
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        this.#remove(waiter);
        waiter.refuse(throttled(TRY_AGAIN_IN));
      };
      const late = isOfClient ? setTimeout(giveUp, this.within) : undefined;
      const waiter: Waiter = {
        tenant,
        address,
        begin: () => {
          clearTimeout(late);
          resolve();
        },
        refuse: (error) => {
          clearTimeout(late);
          reject(error);
        },
      };
      this.#add(waiter);
    });
  }

  /**
   * Makes room for one more that waits, at the cost of whoever has most waiting.
   * @throws HttpError 429 or 503 where the new one is refused
   */
  #makeRoom(tenant: string, address: string): void {
    const { waiting, waitingPerTenant, waitingPerAddress } = this.#limits;
    if (isReached(waitingPerAddress, this.#waitingOfAddress.get(address) ?? 0)) throw throttled(TRY_AGAIN_IN);
    const queue = this.#tenants.get(tenant);
    const own = queue ? sizeOf(queue) : 0;
    if (queue && isReached(waitingPerTenant, own)) {
      if (!this.#shed(queue, queue.get(address)?.length ?? 0)) throw throttled(TRY_AGAIN_IN);
    } else if (isReached(waiting, this.#waiting)) {
      const longest = [...this.#tenants.values()].reduce((a, b) => (sizeOf(b) > sizeOf(a) ? b : a));
      if (sizeOf(longest) > own + 1 && this.#shed(longest, 0)) return;
      throw new HttpError(503, { detail: BUSY }, { 'retry-after': String(TRY_AGAIN_IN) });
    }
  }

  /**
   * Refuses the last that waits of the address with most in this queue.
   * @param than what it must have more than, counting a new one
   * @returns whether there was one
   */
  #shed(queue: Queue, than: number): boolean {
    const most = [...queue.values()].reduce((a, b) => (b.length > a.length ? b : a));
    const last = most.length > than + 1 ? most.at(-1) : undefined;
    if (!last) return false;
    this.#remove(last);
    last.refuse(throttled(TRY_AGAIN_IN));
    return true;
  }

  #add(waiter: Waiter): void {
    const { tenant, address } = waiter;
    const queue: Queue = this.#tenants.get(tenant) ?? new Map();
    this.#tenants.set(tenant, queue);
    queue.set(address, [...(queue.get(address) ?? []), waiter]);
    this.#waitingOfAddress.set(address, (this.#waitingOfAddress.get(address) ?? 0) + 1);
    this.#waiting++;
  }

  #remove(waiter: Waiter): void {
    const { tenant, address } = waiter;
    const queue = this.#tenants.get(tenant);
    const left = queue?.get(address)?.filter((other) => other !== waiter) ?? [];
    if (left.length > 0) queue?.set(address, left);
    else queue?.delete(address);
    if (queue?.size === 0) this.#tenants.delete(tenant);
    decrement(this.#waitingOfAddress, address);
    this.#waiting--;
  }

  /** Returns the one whose turn it is, if possible of an address with nothing under way. */
  #next(): Waiter | undefined {
    let fallback: Waiter | undefined;
    for (const queue of this.#tenants.values()) {
      for (const [address, [first]] of queue) {
        if (!this.#running.has(address)) return first;
        fallback ??= first;
      }
    }
    return fallback;
  }

  #noteBegun(address: string): void {
    this.#atOnce++;
    this.#running.set(address, (this.#running.get(address) ?? 0) + 1);
  }

  #noteDone(address: string): void {
    this.#atOnce--;
    decrement(this.#running, address);
    const next = this.#next();
    if (!next) return;
    this.#remove(next);
    this.#moveToEnd(next);
    this.#noteBegun(next.address);
    next.begin();
  }

  #moveToEnd({ tenant, address }: Waiter): void {
    const queue = this.#tenants.get(tenant);
    if (!queue) return;
    this.#tenants.delete(tenant);
    this.#tenants.set(tenant, queue);
    const own = queue.get(address);
    if (!own) return;
    queue.delete(address);
    queue.set(address, own);
  }
}

/** The password work of this process, whose threads all parts of it share. */
export const passwordWork = new PasswordWork();

function isReached(limit: number, count: number): boolean {
  return limit > 0 && count >= limit;
}

function sizeOf(queue: Queue): number {
  let sum = 0;
  for (const waiters of queue.values()) sum += waiters.length;
  return sum;
}

function decrement(counts: Map<string, number>, key: string): void {
  const left = (counts.get(key) ?? 1) - 1;
  if (left > 0) counts.set(key, left);
  else counts.delete(key);
}
