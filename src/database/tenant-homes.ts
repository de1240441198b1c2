import { LRUCache } from 'lru-cache';

/** Number of tenants that a connection serves before others get the next one: 10 MB of the server's memory. */
const FILLS = 20;
/** Maximum number of tenants whose connection is remembered. */
const REMEMBERED = 10_000;

/**
 * Assigns tenants to connections, by number. A tenant that is served by the same connection again finds its statements
 * prepared there, and its tables in the server process's caches; with many tenants in use, each connection holds that of
 * its own share instead of all of them. A few tenants share the first connection, so that no more are opened than their
 * requests need.
 */
export class TenantHomes {
  readonly #homes: LRUCache<string, number>;
  /** Number of tenants of each connection. */
  readonly #counts: number[];

  constructor(connections: number) {
    this.#counts = new Array<number>(connections).fill(0);
    this.#homes = new LRUCache({
      maxSize: REMEMBERED,
      sizeCalculation: () => 1, // its own `max` would allocate memory for that many at once
      dispose: (home) => {
        this.#counts[home] = this.#of(home) - 1;
      },
    });
  }

  /** Returns the number of the tenant's connection. */
  of(tenant: string): number {
    const known = this.#homes.get(tenant);
    if (known !== undefined) return known;
    const home = this.#vacant();
    this.#homes.set(tenant, home);
    this.#counts[home] = this.#of(home) + 1;
    return home;
  }

  /** Returns the first connection with room, else the one with the fewest tenants. */
  #vacant(): number {
    const withRoom = this.#counts.findIndex((count) => count < FILLS);
    return withRoom >= 0 ? withRoom : this.#counts.indexOf(Math.min(...this.#counts));
  }

  #of(home: number): number {
    return this.#counts[home] ?? 0;
  }
}
