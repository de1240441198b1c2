import type { Database } from '../../database/database.js';
import { readPauses, readReadyTenants } from './ready-tenants.js';

/** A tenant's turn. */
export interface TenantTurn {
  readonly schema: string;
  readonly pausedHandlers: readonly string[];
}

const PAUSES_KNOWN_FOR_MS = 250;
/** How long tenants that have more work get their turns without a look at who else has some. */
const READY_KNOWN_FOR_MS = 250;
const ASIDE_MS = 1_000;
const LONGEST_ASIDE_MS = 60_000;

/**
 * Gives tenants with work their turns, one batch each, so that one which has much of it does not hold up the
 * others. Shared by the worker loops of a process, which never serve the same tenant at once.
 */
export class Rotation {
  #left: string[] = [];
  #pausedHandlers: readonly string[] = [];
  /** Those that had more events than a turn takes. */
  #again: string[] = [];
  #readyReadAt = Number.NEGATIVE_INFINITY;
  #pausesReadAt = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | null = null;
  readonly #inService = new Set<string>();
  readonly #aside = new Map<string, { readonly until: number; readonly failures: number }>();

  constructor(private readonly database: Database) {}

  /**
   * Returns the next turn, which must be ended; null when there is nothing to do for the time being.
   * @throws database errors
   */
  async next(): Promise<TenantTurn | null> {
    let hasRead = false;
    for (;;) {
      const schema = this.#left.shift();
      if (schema === undefined) {
        if (hasRead) return null;
        if (this.#again.length > 0 && performance.now() - this.#readyReadAt < READY_KNOWN_FOR_MS) {
          this.#left = this.#again.splice(0);
        } else {
          hasRead = true;
          await this.#read();
        }
      } else if (this.#isFree(schema)) {
        this.#inService.add(schema);
        const isServed = await this.#checkPauses(schema).catch((error: unknown) => {
          this.#inService.delete(schema);
          throw error;
        });
        if (isServed) return { schema, pausedHandlers: this.#pausedHandlers };
        this.#inService.delete(schema);
      }
    }
  }

  /** Whether other tenants wait for their turns. */
  get hasMore(): boolean {
    return this.#left.length > 0;
  }

  /** Ends a turn. Without work, or after a failure, the tenant is left out for a while. */
  end(schema: string, result: 'more' | 'worked' | 'nothing' | 'failed'): void {
    this.#inService.delete(schema);
    if (result === 'more' || result === 'worked') {
      this.#aside.delete(schema);
      if (result === 'more') this.#again.push(schema);
      return;
    }
    const failures = result === 'failed' ? (this.#aside.get(schema)?.failures ?? 0) + 1 : 0;
    const wait = Math.min(LONGEST_ASIDE_MS, ASIDE_MS * 2 ** Math.max(0, failures - 1));
    this.#aside.set(schema, { until: performance.now() + wait, failures });
  }

  #isFree(schema: string): boolean {
    return !this.#inService.has(schema) && performance.now() >= (this.#aside.get(schema)?.until ?? 0);
  }

  async #read(): Promise<void> {
    this.#reading ??= this.#readReadyTenants().finally(() => {
      this.#reading = null;
    });
    await this.#reading;
  }

  async #readReadyTenants(): Promise<void> {
    const ready = await readReadyTenants(this.database);
    this.#left = [...ready.tenants];
    this.#pausedHandlers = ready.pausedHandlers;
    this.#again = [];
    this.#readyReadAt = performance.now();
    this.#pausesReadAt = this.#readyReadAt;
    for (const [schema, { until, failures }] of this.#aside) {
      const isOver = until < performance.now() - LONGEST_ASIDE_MS;
      if (isOver || (failures === 0 && until < performance.now())) this.#aside.delete(schema);
    }
  }

  /** Returns a rotation over many tenants takes longer than a pause may go unnoticed. */
  async #checkPauses(schema: string): Promise<boolean> {
    if (performance.now() - this.#pausesReadAt < PAUSES_KNOWN_FOR_MS) return true;
    const { served, pausedHandlers } = await readPauses(this.database, schema);
    this.#pausedHandlers = pausedHandlers;
    return served;
  }
}
