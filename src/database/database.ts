import pg from 'pg';
import type { ConnectionSettings } from '../config.js';
import { compiled, type Executable } from './statement.js';
import {
  ConnectionUnusableError,
  runTenantTransaction,
  type TenantContext,
  type TenantTransaction,
} from './tenant-transaction.js';
import { valueTypes } from './value-types.js';

export interface DatabaseOptions {
  /** Connections at most. */
  readonly size: number;
  /** After about how many seconds a connection is replaced: a backend keeps what it learns of every tenant. */
  readonly lifetime?: number;
  readonly onError?: (error: Error) => void;
}

const LIFETIME = 600;
const CONNECT_WITHIN_MS = 10_000;

/** The program's connections to the database, as its own role, which has no right on any tenant's table. */
export class Database {
  readonly #pool: pg.Pool;
  readonly #lifetime: number;
  readonly #replaceAt = new WeakMap<pg.PoolClient, number>();

  constructor(settings: ConnectionSettings, options: DatabaseOptions) {
    this.#lifetime = (options.lifetime ?? LIFETIME) * 1000;
    this.#pool = new pg.Pool({
      ...settings,
      max: options.size,
      types: valueTypes,
      pipeline: true,
      application_name: 'leopard',
      connectionTimeoutMillis: CONNECT_WITHIN_MS,
      idleTimeoutMillis: 60_000,
    } as pg.PoolConfig);
    this.#pool.on('error', options.onError ?? (() => undefined)); // an idle connection that was cut
    this.#pool.on('connect', (client) => {
      const jitter = 0.75 + Math.random() / 2;
      this.#replaceAt.set(client, Date.now() + this.#lifetime * jitter);
    });
  }

  /**
   * The one way to a tenant's tables: runs `work` in a transaction that has the tenant's role and search path.
   * Commits when `work` is done, rolls back when it throws.
   */
  tenantTransaction<T>(
    context: TenantContext,
    work: (transaction: TenantTransaction) => Promise<T>,
  ): Promise<T> {
    return this.#withClient((client) => runTenantTransaction(client, context, work));
  }

  /** One statement in a tenant transaction of its own, in one round trip. */
  tenantQuery<Row>(context: TenantContext, query: Executable<Row>): Promise<Row[]> {
    return this.tenantTransaction(context, (transaction) => transaction.last(query));
  }

  /** One statement on tables of schema `public`, which it must name with their schema. */
  publicQuery<Row>(query: Executable<Row>): Promise<Row[]> {
    const { sql, parameters } = compiled(query);
    return this.#withClient(
      async (client) => (await client.query(sql, parameters as unknown[])).rows as Row[],
    );
  }

  /** How many connections there are, how many of them are idle, and how many requests wait for one. */
  get load(): { readonly open: number; readonly idle: number; readonly waiting: number } {
    const { totalCount, idleCount, waitingCount } = this.#pool;
    return { open: totalCount, idle: idleCount, waiting: waitingCount };
  }

  /** Closes every connection, after what runs on it. */
  close(): Promise<void> {
    return this.#pool.end();
  }

  async #withClient<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect();
    let broken: Error | undefined;
    const onError = (error: Error) => {
      broken = error;
    };
    client.on('error', onError);
    try {
      return await work(client);
    } catch (error) {
      if (!(error instanceof ConnectionUnusableError)) throw error;
      broken = error;
      throw error.cause;
    } finally {
      client.off('error', onError);
      const outlived = Date.now() > (this.#replaceAt.get(client) ?? 0);
      client.release(broken ?? outlived);
    }
  }
}
