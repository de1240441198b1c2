import { randomInt } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { RowReader } from './row-reader.js';

/** A statement that a connection keeps prepared, or is about to. */
export interface Prepared {
  readonly key: string;
  readonly name: string;
  /** Whether the server was sent its text. */
  sent: boolean;
  /** How its rows are read; null until the server has told, and where it yields none. */
  reader: RowReader | null;
}

/** So many are kept at most: each takes the server's process 100 to 165 kB. */
const KEPT = 100;
/** From which time on a statement is worth keeping. */
const WORTH_KEEPING = 3;
/** Of so many of the last statements it is known how often they came. */
const REMEMBERED = 1_000;
/** Number of texts that have a number; more than the program sends unless it is asked in ever new ways. */
const NUMBERED = 5_000;
/** Names are counted from some number below this. */
const FIRST_NAMES = 2 ** 47;

/**
 * The statements that one connection keeps prepared: parsing and planning is most of what a short statement costs the
 * server. A statement of one tenant has a name of its own, since it is planned anew whenever the search path is
 * another one. Only what comes again and again is kept, and of that what was used last.
 */
export class PreparedStatements {
  readonly #kept: LRUCache<string, Prepared>;
  readonly #seen = new LRUCache<string, number>({ max: REMEMBERED });
  #dropped: string[] = [];
  /**
   * No two connections give the same names: behind a pooler that was not recognised a name is then unknown to another
   * one's process of the server, which is an error, instead of that one's statement being run.
   */
  #named = randomInt(FIRST_NAMES);

  constructor(limit = KEPT) {
    this.#kept = new LRUCache({ max: limit, dispose: ({ name }) => this.#dropped.push(name) });
  }

  /** The statement under which this one runs; null while it is not worth keeping. */
  find(schema: string, sql: string): Prepared | null {
    const key = `${schema} ${numberOf(sql)}`;
    const kept = this.#kept.get(key);
    if (kept) return kept;
    const times = (this.#seen.get(key) ?? 0) + 1;
    if (times < WORTH_KEEPING) {
      this.#seen.set(key, times);
      return null;
    }
    this.#seen.delete(key);
    const prepared: Prepared = { key, name: `s${++this.#named}`, sent: false, reader: null };
    this.#kept.set(key, prepared);
    return prepared;
  }

  /** Forgets a statement that failed, or that perhaps never came to be. */
  drop({ key }: Prepared): void {
    this.#kept.delete(key);
  }

  dropAll(): void {
    this.#kept.clear();
  }

  /** The names of those dropped since it was last asked: the server has to be told. */
  takeDropped(): readonly string[] {
    if (this.#dropped.length === 0) return NONE;
    const names = this.#dropped;
    this.#dropped = [];
    return names;
  }

  get size(): number {
    return this.#kept.size;
  }
}

const NONE: readonly string[] = [];

/** Numbers in place of texts: to hash a text of thousands of characters anew for each tenant takes microseconds. */
const numbers = new LRUCache<string, number>({ max: NUMBERED });
let numbered = 0;

function numberOf(sql: string): number {
  let number = numbers.get(sql);
  if (number === undefined) {
    number = ++numbered;
    numbers.set(sql, number);
  }
  return number;
}
