import { LRUCache } from 'lru-cache';
import type { Notices } from './cell-listeners.js';

export interface NoticeCacheOptions<Value> {
  /** Maximum lifetime of an entry, in milliseconds: the safety net for lost notices. */
  readonly ttl: number;
  /** Returns a longer one for some values. */
  readonly longerTtl?: (value: Value) => number | undefined;
  readonly max: number;
}

/**
 * A cache of database reads that notices invalidate. While notices do not arrive, nothing is kept. Entries belong to a
 * group (a schema, say); a notice drops a group, an empty one drops all.
 */
export class NoticeCache<Value extends object> {
  readonly #entries: LRUCache<string, { value: Value | null; version: number }>;
  readonly #versions = new Map<string, number>();
  #allVersion = 0;

  constructor(
    private readonly listener: Pick<Notices, 'healthy' | 'healthyAt'>,
    private readonly options: NoticeCacheOptions<Value>,
  ) {
    // Its own `max` would allocate memory for that many at once.
    this.#entries = new LRUCache({ maxSize: options.max, sizeCalculation: () => 1, ttl: options.ttl });
  }

  /** Drops a group's entries; all entries when `group` is empty. Reads under way are not kept. */
  drop(group: string): void {
    if (group === '') this.#allVersion++;
    else this.#versions.set(group, (this.#versions.get(group) ?? 0) + 1);
  }

  /** Returns the value under this key, read with `read` when it is not cached. `null` (there is none) is cached too. */
  async get(group: string, key: string, read: () => Promise<Value | null>): Promise<Value | null> {
    const version = this.#versionOf(group);
    const id = `${group}\n${key}`;
    const kept = this.#entries.get(id);
    if (kept && kept.version === version && this.#hears(group)) return kept.value;
    const value = await read();
    if (this.#versionOf(group) === version && this.#hears(group)) {
      const { ttl, longerTtl } = this.options;
      this.#entries.set(id, { value, version }, { ttl: (value && longerTtl?.(value)) ?? ttl });
    }
    return value;
  }

  #hears(group: string): boolean {
    const { listener } = this;
    return listener.healthyAt ? listener.healthyAt(group) : listener.healthy;
  }

  #versionOf(group: string): number {
    return this.#allVersion * 1_000_000_000 + (this.#versions.get(group) ?? 0);
  }
}
