import { LRUCache } from 'lru-cache';
import type { AnswerBasis } from './answer-reading.js';

/** A recent answer. */
export interface KeptAnswer {
  readonly body: Buffer;
  readonly etag: string;
  basis: AnswerBasis;
  /** Whether it is worth asking for the present version: false after a change, until the answer stays the same. */
  isTrusted: boolean;
  /** The number of changes since the version was last found unchanged. */
  changes: number;
  /** The number of requests to answer as if nothing were kept. */
  skips: number;
}

export interface MemoryLimits {
  /** Bytes of all answers of the process; 0: none is kept. */
  readonly most: number;
  /** Bytes of one tenant's answers; 0: no limit of its own. */
  readonly mostOfTenant: number;
}

/** What an entry takes besides its texts, roughly. */
const OVERHEAD = 1_000;

/** The recent answers of all tenants: the least recently used go first, of a tenant that has its share its own. */
export class AnswerMemory {
  readonly #all: LRUCache<string, KeptAnswer>;
  readonly #tenants = new Map<string, LRUCache<string, KeptAnswer>>();
  readonly #limits: MemoryLimits;

  constructor(limits: MemoryLimits) {
    const mostOfTenant = Math.min(limits.mostOfTenant || limits.most, limits.most);
    this.#limits = { ...limits, mostOfTenant };
    this.#all = new LRUCache({
      maxSize: limits.most,
      sizeCalculation: sizeOf,
      dispose: (_answer, key, reason) => {
        if (reason === 'evict') this.#forget(key);
      },
    });
  }

  /** Bytes of all answers. */
  get size(): number {
    return this.#all.calculatedSize;
  }

  /** Returns the bytes of one tenant's answers. */
  sizeOf(schema: string): number {
    return this.#tenants.get(schema)?.calculatedSize ?? 0;
  }

  get(schema: string, key: string): KeptAnswer | undefined {
    const found = this.#tenants.get(schema)?.get(key);
    return found && this.#all.get(key); // notes the use in both
  }

  /** Keeps an answer. @param key begins with the schema and a line feed */
  set(schema: string, key: string, answer: KeptAnswer): void {
    if (sizeOf(answer, key) > this.#limits.mostOfTenant) return;
    let own = this.#tenants.get(schema);
    if (!own) {
      own = new LRUCache({
        maxSize: this.#limits.mostOfTenant,
        sizeCalculation: sizeOf,
        dispose: (_answer, old, reason) => {
          if (reason === 'evict') this.#all.delete(old);
        },
      });
      this.#tenants.set(schema, own);
    }
    own.set(key, answer);
    this.#all.set(key, answer);
  }

  #forget(key: string): void {
    const schema = key.slice(0, key.indexOf('\n'));
    const own = this.#tenants.get(schema);
    own?.delete(key);
    if (own?.size === 0) this.#tenants.delete(schema);
  }
}

function sizeOf({ body }: KeptAnswer, key: string): number {
  return body.length + 2 * key.length + OVERHEAD;
}
