import { randomInt } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { RowReader } from './row-reader.js';

/** A statement that a connection keeps prepared, or is about to. */
export interface Prepared {
  readonly key: string;
  readonly name: string;
  /** An estimate of the server's memory for it, in bytes. */
  readonly memory: number;
  /** Whether its text was sent to the server. */
  sent: boolean;
  /** The reader of its rows; null until the server has described them, and where it yields none. */
  reader: RowReader | null;
}

/**
 * Maximum memory of the server process for kept statements, in bytes, as estimated from their texts: enough for two lists
 * and what else is asked repeatedly of each of 200 tenants.
 */
const MOST_MEMORY = 64 * 1024 * 1024;
/**
 * The estimate for one statement, in bytes: measured were 12 kB for a text of 100 characters, 69 kB for one of 860 and
 * 166 kB for one of 1,800.
 */
const MEMORY_OF_EACH = 4 * 1024;
const MEMORY_OF_CHARACTER = 90;
/** Number of uses from which on a statement is kept. */
const WORTH_KEEPING = 3;
/** Number of recent statements whose uses are counted. */
const REMEMBERED = 5_000;
/** Number of texts that have a number; more than the program sends unless it is asked in ever new ways. */
const NUMBERED = 5_000;
/** Names are counted from some number below this. */
const FIRST_NAMES = 2 ** 47;

/**
 * The statements that one connection keeps prepared: parsing and planning is most of what a short statement costs the
 * server. Each tenant's statements have names of their own, since a statement is planned anew whenever the search path
 * changes. Only repeated statements are kept, the most recently used ones, within a bound of memory.
 */
export class PreparedStatements {
  readonly #kept: LRUCache<string, Prepared>;
  /** Its own `max`, here and below, would allocate memory for that many at once. */
  readonly #seen = new LRUCache<string, number>({ maxSize: REMEMBERED, sizeCalculation: () => 1 });
  #dropped: string[] = [];
  /**
   * No two connections use the same names: behind a pooler that was not recognised, a name is then unknown to another
   * connection's backend, which is an error, instead of running that connection's statement.
   */
  #named = randomInt(FIRST_NAMES);

  constructor() {
    this.#kept = new LRUCache({
      maxSize: MOST_MEMORY,
      sizeCalculation: ({ memory }) => memory,
      dispose: ({ name }) => this.#dropped.push(name),
    });
  }

  /** Returns the prepared statement for this SQL; null while it is not worth keeping. */
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
    const memory = MEMORY_OF_EACH + MEMORY_OF_CHARACTER * sql.length;
    if (memory > MOST_MEMORY) return null;
    const prepared: Prepared = { key, name: `s${++this.#named}`, memory, sent: false, reader: null };
    this.#kept.set(key, prepared);
    return prepared;
  }

  /** Forgets a statement that failed, or that may never have been prepared. */
  drop({ key }: Prepared): void {
    this.#kept.delete(key);
  }

  dropAll(): void {
    this.#kept.clear();
  }

  /** Returns the names of those dropped since the last call, which the server has to close. */
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
const numbers = new Map<string, number>();
let numbered = 0;

function numberOf(sql: string): number {
  let number = numbers.get(sql);
  if (number === undefined) {
    if (numbers.size === NUMBERED) numbers.clear(); // the statements that are kept get other numbers then
    number = ++numbered;
    numbers.set(sql, number);
  }
  return number;
}
