import { LRUCache } from 'lru-cache';
import type { Listener } from './listener.js';

export interface NoticeCacheOptions {
  /** How long an entry lives at most, in milliseconds: the safety net should a notice get lost. */
  readonly ttl: number;
  readonly max: number;
}

/**
 * Keeps what was read from the database until a notice says that it changed. While notices do not arrive, nothing
 * is kept. Entries belong to a group (a schema, say); a notice drops a group, an empty one drops all.
 */
export class NoticeCache<Value extends object> {
  readonly #entries: LRUCache<string, { value: Value | null; version: number }>;
  readonly #versions = new Map<string, number>();
  #allVersion = 0;

  constructor(
    private readonly listener: Pick<Listener, 'healthy'>,
    options: NoticeCacheOptions,
  ) {
    // Its own `max` would take memory for so many at once.
    this.#entries = new LRUCache({ maxSize: options.max, sizeCalculation: () => 1, ttl: options.ttl });
  }

  /** Drops a group's entries; all entries when `group` is empty. What is being read meanwhile is not kept. */
  drop(group: string): void {
    if (group === '') this.#allVersion++;
    else this.#versions.set(group, (this.#versions.get(group) ?? 0) + 1);
  }

  /** The value under this key, read anew with `read` when it is not there. `null` (there is none) is kept too. */
  async get(group: string, key: string, read: () => Promise<Value | null>): Promise<Value | null> {
    const version = this.#versionOf(group);
    const id = `${group}\n${key}`;
    const kept = this.#entries.get(id);
    if (kept && kept.version === version && this.listener.healthy) return kept.value;
    const value = await read();
    if (this.#versionOf(group) === version && this.listener.healthy)
      this.#entries.set(id, { value, version });
    return value;
  }

  #versionOf(group: string): number {
    return this.#allVersion * 1_000_000_000 + (this.#versions.get(group) ?? 0);
  }
}
