import { setTimeout as sleep } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import type { ConnectionSettings } from '../config/config.js';
import { AnswerTooLargeError, cutting } from './answer-bounds.js';
import type { CellGate } from './cell-gate.js';
import { type Connection, ConnectionPool } from './connection-pool.js';
import type { Actor } from './opening.js';
import { PLATFORM } from './platform-role.js';
import type { TransactionWork } from './query-runner.js';
import type { Replica } from './replica.js';
import type { Statement } from './statement.js';
import { asTenantFault, isMoving, TenantBrokenError, TenantMovingError } from './tenant-fault.js';
import { NO_TENANT, TenantSemaphore } from './tenant-semaphore.js';
import {
  type ChangeNote,
  ConnectionUnusableError,
  type Cuts,
  runTenantTransaction,
  type StandbyRead,
  type TenantContext,
} from './tenant-transaction.js';
import { ANSWERS_WITHIN_MS } from './timeouts.js';
import { runTraced } from './transaction-span.js';
import { notePosition } from './write-positions.js';

/** The databases of further cells, as transactions find them. */
export interface FurtherCells {
  /** Returns the database of a tenant of a further cell; undefined for any other. */
  ofTenant(schema: string): Database | undefined;
  /** Returns a cell's database; undefined where there is no such cell. */
  ofCell(cell: string): Database | undefined;
  /** The databases by the cells' names. */
  readonly all: ReadonlyMap<string, Database>;
}

export interface DatabaseOptions {
  /** Maximum number of connections. */
  readonly size: number;
  /**
   * Approximate age in seconds at which a connection is replaced: a backend's memory grows with every tenant it has
   * served.
   */
  readonly lifetime?: number;
  /** Whether connections may keep statements prepared, where no pooler is in between; true by default. */
  readonly prepare?: boolean;
  /** Whether connections are shared fairly, so that no agency makes the others' requests wait; false by default. */
  readonly sharedByAgencies?: boolean;
  /** Whether it is a standby, whose transactions only read, and which is given up as soon as it does not answer. */
  readonly isStandby?: boolean;
  /** Whether users' changes are noted, so that replicas do not show them what was before; false by default. */
  readonly notesChanges?: boolean;
  readonly onError?: (error: Error) => void;
  /** The databases of further cells, to which the transactions of their tenants are passed on. */
  readonly cells?: FurtherCells | undefined;
  /** The gate before a cell's connections; none before the catalogue's. */
  readonly gate?: CellGate | undefined;
}

/** Maximum number of bytes of one round trip when long values are cut: of many values that are not long. */
const MOST_WHEN_CUT = 32 * 1024 * 1024;
/** Maximum number of statements of one transaction whose values are cut. */
const MOST_CUT = 3;
const LIFETIME = 600;
/** Maximum wait for a free connection, as a multiple of the time allowed for connecting. */
const WAITS_FOR = 2;
/**
 * Time for which connections are tried again after the first that was refused, and the pause in between: a pooler or a
 * server that is restarted is back by then. Later ones fail at once, until one succeeds.
 */
const REFUSED_FOR_MS = 1_000;
const AGAIN_AFTER_MS = 50;
const REFUSED = 'ECONNREFUSED';
/** Maximum number of tenants with data kept in memory: a hundred names each or so, a few thousand at most. */
const MOST_TENANTS = 2_000;

/** The program's connections to the database, as its own role, which has no privileges on tenants' tables. */
export class Database {
  readonly #pool: ConnectionPool;
  readonly #semaphore: TenantSemaphore;
  /** The databases of further cells; undefined where there are none. */
  readonly cells: FurtherCells | undefined;
  readonly #gate: CellGate | undefined;
  readonly #public = {};
  readonly #isStandby: boolean;
  readonly #notesChanges: boolean;
  #replica: Replica | undefined;
  /** The time since which connections are refused, on the monotonic clock; undefined while they are not. */
  #refusedSince: number | undefined;
  readonly #tenants = new LRUCache<string, object>({ max: MOST_TENANTS });

  constructor(settings: ConnectionSettings, options: DatabaseOptions) {
    this.cells = options.cells;
    this.#gate = options.gate;
    this.#isStandby = options.isStandby ?? false;
    this.#notesChanges = options.notesChanges ?? false;
    const { answersWithin = ANSWERS_WITHIN_MS } = settings;
    this.#semaphore = new TenantSemaphore({
      size: options.size,
      within: WAITS_FOR * answersWithin,
      leavesSome: options.sharedByAgencies ?? false,
    });
    this.#pool = new ConnectionPool(settings, {
      size: options.size,
      lifetime: (options.lifetime ?? LIFETIME) * 1000,
      keeping: { allowed: options.prepare ?? true, generation: 0 },
      onError: options.onError ?? (() => undefined),
      onSilence: (error) => {
        this.#gate?.failed(error);
        this.#pool.cutIdle(error);
      },
    });
  }

  /**
   * Runs `work` in a transaction with the tenant's role and search path: the only way to a tenant's tables. Commits
   * when `work` is done, rolls back when it throws. Work whose statements return more than the context's bounds, where
   * these say so, is done again with long values cut.
   * @param standby takes how far the standby is, where this is one
   * @throws what `work` throws, database errors, and TenantBrokenError if the tenant's schema lacks something
   */
  tenantTransaction<T>(context: TenantContext, work: TransactionWork<T>, standby?: StandbyRead): Promise<T> {
    const elsewhere = this.cells?.ofTenant(context.schema);
    if (elsewhere) return elsewhere.tenantTransaction(context, work);
    if (this.#replica && context.reads === 'replica')
      return this.#replica.read(context, work, () => this.#tenantTransaction(context, work));
    return this.#tenantTransaction(context, work, standby);
  }

  async #tenantTransaction<T>(
    context: TenantContext,
    work: TransactionWork<T>,
    standby?: StandbyRead,
  ): Promise<T> {
    const statements = new Map<string, string>();
    const note = this.#noteFor(context);
    for (;;) {
      try {
        const cuts = statements.size > 0 ? { statements, most: MOST_WHEN_CUT } : undefined;
        const tenant = this.#tenantOf(context.schema);
        const result = await this.#transaction(context.schema, context, tenant, work, {
          cuts,
          standby,
          note,
        });
        if (note?.position !== undefined) await this.#noted(context, note);
        return result;
      } catch (error) {
        if (!cutNext(context, error, statements)) throw await this.#faultOf(context.schema, error);
      }
    }
  }

  /** Returns what an error means for a tenant: a schema that is closed for a move is not broken. */
  async #faultOf(schema: string, error: unknown): Promise<unknown> {
    const fault = asTenantFault(schema, error);
    if (!(fault instanceof TenantBrokenError)) return fault;
    const [row] = await this.publicQuery(isMoving(schema)).catch(() => []);
    return row?.moving ? new TenantMovingError(schema, { cause: fault }) : fault;
  }

  #noteFor({ schema, userId, reads }: TenantContext): ChangeNote | undefined {
    if (!this.#notesChanges || userId === null || reads !== undefined) return undefined;
    return { statement: notePosition(schema, userId), position: undefined };
  }

  /** Passes on the note of a change; makes it now where it could not be made with COMMIT. */
  async #noted(context: TenantContext, { statement: { sql, values }, position }: ChangeNote): Promise<void> {
    let noted = position;
    if (noted === null) {
      const again = this.publicQuery<{ position: string }>({ sql, parameters: values });
      noted = (await again.catch(() => []))[0]?.position;
    }
    this.#replica?.noteWrite(context, noted ?? undefined);
  }

  #tenantOf(schema: string): object {
    let tenant = this.#tenants.get(schema);
    if (!tenant) {
      tenant = {};
      this.#tenants.set(schema, tenant);
    }
    return tenant;
  }

  /** Lets a replica do what `context.reads` allows, as far as it can. */
  readFrom(replica: Replica): void {
    this.#replica = replica;
  }

  /** Returns whether reads of this context may be done by a replica, which logs nothing. */
  readsFromReplica({ schema, reads }: TenantContext): boolean {
    return reads === 'replica' && (this.cells?.ofTenant(schema) ?? this).#replica !== undefined;
  }

  /** Runs one statement in a tenant transaction of its own, in one round trip. */
  tenantQuery<Row>(context: TenantContext, query: Statement<Row>): Promise<Row[]> {
    return this.tenantTransaction(context, (transaction) => transaction.send(query));
  }

  /** Runs one statement on tables of schema `public`, which it must qualify, in a transaction of its own. */
  publicQuery<Row>(query: Statement<Row>): Promise<Row[]> {
    return this.#transaction(NO_TENANT, null, this.#public, (transaction) => transaction.send(query));
  }

  /**
   * Runs `work` in a transaction with the operators' role, whose statements qualify the tables of `public`.
   * @throws what `work` throws, database errors, and TenantBrokenError if the role or a right is missing
   */
  async platformTransaction<T>(work: TransactionWork<T>): Promise<T> {
    try {
      return await this.#transaction(NO_TENANT, null, this.#public, work, { actor: PLATFORM });
    } catch (error) {
      throw asTenantFault(PLATFORM.role, error);
    }
  }

  /** Runs one statement on `public` of the database in which the tenant of this schema lives. */
  publicQueryAt<Row>(schema: string, query: Statement<Row>): Promise<Row[]> {
    return (this.cells?.ofTenant(schema) ?? this).publicQuery(query);
  }

  /** Runs statements on schema `public` in one transaction and one round trip, whose rows nobody needs. */
  async publicStatements(queries: readonly Statement[]): Promise<void> {
    await this.#transaction(NO_TENANT, null, this.#public, async (transaction) => {
      for (const query of queries) transaction.send(query);
    });
  }

  /** Numbers of connections, of idle ones, and of requests that wait for one. */
  get load(): { readonly open: number; readonly idle: number; readonly waiting: number } {
    return { ...this.#pool.load, waiting: this.#semaphore.waiting };
  }

  /** Closes every connection, after what runs on it has ended. */
  async close(): Promise<void> {
    await this.#replica?.close();
    await this.#pool.close();
  }

  /** Tries again to connect, for a short time after the first refusal. @throws the last error */
  async #connectAgain(sharer: string, error: unknown): Promise<Connection> {
    this.#refusedSince ??= performance.now();
    const until = this.#refusedSince + REFUSED_FOR_MS;
    let reason = error;
    while (codeOf(reason) === REFUSED && performance.now() < until) {
      await sleep(AGAIN_AFTER_MS);
      try {
        const connection = await this.#pool.take(sharer);
        this.#refusedSince = undefined;
        return connection;
      } catch (next) {
        reason = next;
      }
    }
    throw reason;
  }

  /** Runs a transaction on a connection, once it is the turn of `sharer` to have one. */
  async #transaction<T>(
    sharer: string,
    context: TenantContext | null,
    tenant: object,
    work: TransactionWork<T>,
    { cuts, standby, note, actor }: Particulars = {},
  ): Promise<T> {
    const askedAt = context?.trace ? performance.now() : 0;
    this.#gate?.check();
    const release = await this.#semaphore.acquire(sharer);
    try {
      this.#gate?.check(); // it may have been closed while others were served
      let connection: Connection;
      try {
        const taken = this.#pool.take(sharer);
        connection = taken instanceof Promise ? await taken : taken;
        this.#refusedSince = undefined;
      } catch (error) {
        if (this.#isStandby) throw error;
        connection = await this.#connectAgain(sharer, error).catch((last: unknown) => {
          this.#gate?.failed(last);
          throw last;
        });
      }
      const read = standby ?? (this.#isStandby ? { replayed: -1 } : undefined);
      const place = { session: connection.session, context, actor, tenant, cuts, standby: read, note };
      try {
        return await (context?.trace ? runTraced(place, work, askedAt) : runTenantTransaction(place, work));
      } catch (error) {
        if (!(error instanceof ConnectionUnusableError)) throw error;
        connection.broken = error;
        throw error.cause;
      } finally {
        this.#pool.giveBack(connection);
      }
    } finally {
      release();
    }
  }
}

/** Particulars of some transactions. */
interface Particulars {
  readonly cuts?: Cuts | undefined;
  readonly standby?: StandbyRead | undefined;
  readonly note?: ChangeNote | undefined;
  readonly actor?: Actor | undefined;
}

/**
 * Adds the statement that returned too much to those whose long values are cut.
 * @returns false for other errors, for contexts that do not cut, and where cutting did not help
 */
function cutNext({ bounds }: TenantContext, error: unknown, statements: Map<string, string>): boolean {
  if (!(error instanceof AnswerTooLargeError) || bounds?.longest === undefined) return false;
  const { sql, columns = [] } = error.statement ?? {};
  if (sql === undefined || columns.length === 0 || statements.size === MOST_CUT) return false;
  if ([...statements.values()].includes(sql)) return false;
  statements.set(sql, cutting(sql, columns, bounds.longest));
  return true;
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | null)?.code;
}
