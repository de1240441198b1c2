import pg from 'pg';
import type { ConnectionSettings } from '../config/config.js';
import { jittered } from '../platform/jitter.js';
import { DatabaseClient, DatabaseSilentError } from './client.js';
import { type Keeping, Session } from './session.js';
import { TenantHomes } from './tenant-homes.js';
import { NO_TENANT } from './tenant-semaphore.js';
import { ANSWERS_WITHIN_MS } from './timeouts.js';

export interface ConnectionPoolOptions {
  /** Maximum number of connections. */
  readonly size: number;
  /** Approximate age in milliseconds at which a connection is replaced. */
  readonly lifetime: number;
  readonly keeping: Keeping;
  /** Called when an idle connection was lost. */
  readonly onError: (error: Error) => void;
  /** Called when a connection was given up because the server was silent. */
  readonly onSilence: (error: Error) => void;
}

/** A connection of the pool, while a transaction uses it. */
export interface Connection {
  readonly session: Session;
  /** Set when it must not be used again: it is closed when it is given back. */
  broken: Error | undefined;
}

/** A connection with its place in the pool. */
interface Pooled extends Connection {
  readonly client: pg.PoolClient & DatabaseClient;
  readonly place: number;
  /** On the clock of Date.now(). */
  readonly replaceAt: number;
  /** The time at which it became idle; null while it is used. */
  idleSince: number | null;
}

const IDLE_MS = 60_000;
/** After a connection could not be opened, others that are idle are used for this time where they can be. */
const NOT_AGAIN_MS = 1_000;
const OPENING = 'opening';

/**
 * The connections to one database. Each tenant has one that serves it whenever it is free (see `TenantHomes`); otherwise
 * the next free one does, so that nobody waits. Whoever takes a connection has a permit of the semaphore, so there are
 * never more takers than connections. The driver's pool opens and closes them.
 */
export class ConnectionPool {
  readonly #pool: pg.Pool;
  readonly #places: (Pooled | typeof OPENING | undefined)[];
  readonly #homes: TenantHomes;
  #isClosing = false;
  #openAgainAt = 0;
  /** Closes idle connections: one timer for all, which runs while there are any. */
  #timer: NodeJS.Timeout | undefined;

  constructor(
    settings: ConnectionSettings,
    private readonly options: ConnectionPoolOptions,
  ) {
    const { size, onError } = options;
    this.#places = new Array<undefined>(size).fill(undefined);
    this.#homes = new TenantHomes(size);
    this.#pool = new pg.Pool({
      ...settings,
      Client: DatabaseClient,
      max: size,
      application_name: 'leopard',
      connectionTimeoutMillis: settings.answersWithin ?? ANSWERS_WITHIN_MS,
    } as object as pg.PoolConfig);
    this.#pool.on('error', onError);
  }

  /** The number of connections, and of idle ones. */
  get load(): { readonly open: number; readonly idle: number } {
    return { open: this.#pool.totalCount, idle: this.#places.filter(isIdle).length };
  }

  /**
   * Takes a connection for a transaction of this tenant; opens one if none is free, or if its own is not open. To be
   * given back.
   * @throws connection errors
   */
  take(tenant: string): Connection | Promise<Connection> {
    const home = tenant === NO_TENANT ? null : this.#homes.of(tenant);
    const from = home ?? 0;
    if (home !== null && this.#places[home] === undefined && Date.now() >= this.#openAgainAt)
      return this.#open(home, () => this.#takeIdle(from));
    const idle = this.#takeIdle(from);
    if (idle) return idle;
    const vacant = this.#find(from, (place) => place === undefined);
    if (vacant === -1) throw new Error('more transactions than connections');
    return this.#open(vacant);
  }

  /** Gives a connection back, once its transaction has ended. */
  giveBack(connection: Connection): void {
    const pooled = connection as Pooled;
    const now = Date.now();
    if (pooled.broken || this.#isClosing || now > pooled.replaceAt) {
      this.#remove(pooled);
      return;
    }
    pooled.idleSince = now;
    this.#timer ??= this.#closeIdleIn(IDLE_MS);
  }

  /** Cuts the idle connections. */
  cutIdle(error: Error): void {
    for (const place of this.#places) {
      if (isIdle(place) && !place.broken) place.client.abandon(error);
    }
  }

  /** Closes every connection, after what runs on it has ended. */
  async close(): Promise<void> {
    this.#isClosing = true;
    clearTimeout(this.#timer);
    for (const place of this.#places) {
      if (isIdle(place)) this.#remove(place);
    }
    await this.#pool.end();
  }

  #takeIdle(from: number): Pooled | undefined {
    const found = this.#places[this.#find(from, isIdle)] as Pooled | undefined;
    if (found) found.idleSince = null;
    return found;
  }

  /** Returns the number of the first place of this kind, beginning with `from`; -1 if there is none. */
  #find(from: number, isWanted: (place: Pooled | typeof OPENING | undefined) => boolean): number {
    const { length } = this.#places;
    for (let i = 0; i < length; i++) {
      const place = (from + i) % length;
      if (isWanted(this.#places[place])) return place;
    }
    return -1;
  }

  /** Opens a connection. @param instead returns another one to be used if that fails, if there is one */
  async #open(place: number, instead: () => Connection | undefined = () => undefined): Promise<Connection> {
    this.#places[place] = OPENING;
    let client: pg.PoolClient & DatabaseClient;
    try {
      client = (await this.#pool.connect()) as pg.PoolClient & DatabaseClient;
    } catch (error) {
      this.#places[place] = undefined;
      this.#openAgainAt = Date.now() + NOT_AGAIN_MS;
      const other = instead();
      if (other) return other;
      throw error;
    }
    const { keeping, lifetime } = this.options;
    const pooled: Pooled = {
      client,
      session: new Session(client, keeping),
      place,
      replaceAt: Date.now() + jittered(lifetime),
      idleSince: null,
      broken: undefined,
    };
    this.#places[place] = pooled;
    client.on('error', (error) => this.#failed(pooled, error));
    client.once('end', () => {
      if (isIdle(pooled)) this.#remove(pooled);
    });
    return pooled;
  }

  #failed(pooled: Pooled, error: Error): void {
    const wasWorking = pooled.broken === undefined;
    pooled.broken = error;
    if (isIdle(pooled)) {
      this.#remove(pooled);
      this.options.onError(error);
    }
    // Connections that were idle meanwhile have probably failed in the same way.
    if (wasWorking && error instanceof DatabaseSilentError) this.options.onSilence(error);
  }

  /** Closes a connection, which nobody uses, and frees its place. */
  #remove(pooled: Pooled): void {
    if (this.#places[pooled.place] !== pooled) return;
    this.#places[pooled.place] = undefined;
    pooled.idleSince = null;
    pooled.client.release(pooled.broken ?? true);
  }

  #closeIdleIn(time: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.#timer = undefined;
      const now = Date.now();
      let next = Number.POSITIVE_INFINITY;
      for (const place of this.#places.filter(isIdle)) {
        const left = place.idleSince + IDLE_MS - now;
        if (left <= 0) this.#remove(place);
        else next = Math.min(next, left);
      }
      if (next < Number.POSITIVE_INFINITY) this.#timer ??= this.#closeIdleIn(next);
    }, time).unref();
  }
}

function isIdle(place: Pooled | typeof OPENING | undefined): place is Pooled & { idleSince: number } {
  return place !== undefined && place !== OPENING && place.idleSince !== null;
}
