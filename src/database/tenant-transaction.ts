import pgUtils from 'pg/lib/utils.js';
import type { SpanPlace } from '../platform/spans.js';
import { actorOf, PUBLIC } from './actor.js';
import { type AnswerBounds, collectCutFields } from './answer-bounds.js';
import { type Actor, BEGIN, BEGIN_READING, NO_LIMIT, openingFor } from './opening.js';
import { type MaybePending, Pending } from './pending.js';
import type { Outgoing, Session } from './session.js';
import { reportSlow, slowStatements } from './slow-statements.js';
import type { Statement } from './statement.js';
import { TABLE_VERSIONS } from './table-versions.js';
import { REPLAYED, walPosition } from './wal-position.js';

export type { MaybePending, Pending, ReadMore } from './pending.js';

/** The tenant, by its schema, and the acting user (null: the system) of statements. */
export interface TenantContext {
  readonly schema: string;
  readonly userId: number | null;
  /** The client's address, the request's id and the client's agent, separated by spaces; omitted outside requests. */
  readonly source?: string;
  /** The bounds of what statements return; none outside requests. */
  readonly bounds?: AnswerBounds | undefined;
  /** The span that transactions are part of; undefined where there is none, or spans are not exported. */
  readonly trace?: SpanPlace | undefined;
  /**
   * For requests that only read: whether a replica may do it. Omitted where it may change something, which is then noted
   * for reads from replicas.
   */
  readonly reads?: 'replica' | 'primary' | undefined;
  /**
   * A statement on schema `public` that runs ahead of the others as the program's own role, in the same round trip. What
   * it finds it leaves to them as settings of the transaction; it must qualify all names.
   */
  readonly ahead?: Statement | undefined;
  /** Takes what the context's transactions read; omitted where nobody asks whether it changes. */
  readonly reading?: Reading | undefined;
  /** The names of the fields that were cut to stay within the bounds; set when there are any. */
  cutFields?: Set<string>;
}

/** Takes the statements of a context's transactions, and for each transaction the versions of tables ahead of them. */
export interface Reading {
  noteStatement(statement: Statement): void;
  /** @param versions what `TABLE_VERSIONS` reads, by a snapshot that is not newer than the statements' */
  noteVersions(versions: string): void;
}

/** The statements of one tenant's transaction. Only its runner commits, when the work is done. */
export interface TenantTransaction {
  /** An object shared by all transactions of one tenant: the key of what is cached of its records (a WeakMap). */
  readonly tenant: object;
  /** Runs one statement. Statements sent without waiting for one another share a round trip. */
  query<Row>(query: Statement<Row>): Promise<Row[]>;
  /**
   * Sends a statement together with the next awaited one, or with COMMIT. If it fails, the transaction fails with its
   * error. Returning the pending rows gets them with COMMIT's answer: one round trip less.
   */
  send<Row>(query: Statement<Row>): Pending<Row[]>;
  /** Waits for a pending result within the transaction, such as that of a service which is followed by another. */
  result<T>(pending: MaybePending<T>): Promise<T>;
  /**
   * Adds work for after COMMIT, such as a line of a log; it does not happen when the transaction is rolled back. It cannot
   * fail the transaction any more: it must not throw, nor read from the database.
   */
  afterCommit(pending: Pending<void>): void;
}

/**
 * Thrown when the server cannot use a kept statement, as after a change of the table, and the transaction is past its
 * first round trip. Repeating it will succeed: hence the code of a failed serialisation.
 */
class StatementOutdatedError extends Error {
  readonly code = '40001';
}

/**
 * Thrown when the transaction could not be ended, so that its connection must not be used again; `cause` is why it had
 * to end.
 */
export class ConnectionUnusableError extends Error {}

const control = (sql: string): Outgoing => ({ schema: null, sql, values: [] });

const COMMIT = control('COMMIT');
const ROLLBACK = control('ROLLBACK');
const HOW_FAR: Outgoing = { schema: null, sql: REPLAYED.sql, values: [] };
/** For the rest of the transaction; see `onePlan`. */
const ONE_PLAN = control("SELECT pg_catalog.set_config('plan_cache_mode', 'force_generic_plan', true)");
const CANCELED = '57014';
/** How long an opening is repeated, in milliseconds. */
const OPENING_WITHIN_MS = 2_000;
const ignore = () => undefined;
const readsNothing = () => Promise.reject(new Error('work after COMMIT reads nothing'));
const codeOf = (error: Error | null) => (error as { code?: string } | null)?.code;

/** A statement that has not been answered yet. */
interface Waiting extends Outgoing {
  readonly onePlan: boolean;
  resolve(rows: unknown[]): void;
  reject(error: Error): void;
}

/**
 * The transaction of one session. Statements of one turn of the event loop are sent together, after the previous ones
 * are answered.
 */
class Conversation implements TenantTransaction {
  readonly #actor: Actor;
  #waiting: Waiting[] = [];
  /** Whether an answer to the waiting statements is awaited. */
  #isAwaited = false;
  #underWay: Promise<void> | undefined;
  #state: 'new' | 'open' | 'over' = 'new';
  /** Whether COMMIT is sent with the next statements. */
  #commits = false;
  /** The last error; if the transaction does not commit, the reason. */
  #error: Error | null = null;
  #afterwards: Pending<void>[] | undefined;
  readonly tenant: object;

  constructor(private readonly place: TransactionPlace) {
    const { session, context, cuts, tenant, actor } = place;
    this.tenant = tenant;
    this.#actor = context ? actorOf(context) : (actor ?? PUBLIC);
    session.mostBytes = (cuts ? cuts.most : context?.bounds?.most) ?? Number.POSITIVE_INFINITY;
  }

  query<Row>(query: Statement<Row>): Promise<Row[]> {
    const rows = this.#add(query);
    this.#await();
    return rows;
  }

  send<Row>(query: Statement<Row>): Pending<Row[]> {
    const rows = this.#add(query);
    return new Pending(() => rows);
  }

  async result<T>(pending: MaybePending<T>): Promise<T> {
    const result = await pending;
    if (!(result instanceof Pending)) return result;
    this.#await();
    return await Pending.finish(result, (query) => this.query(query));
  }

  afterCommit(pending: Pending<void>): void {
    this.#afterwards ??= [];
    this.#afterwards.push(pending);
  }

  /** The work for after COMMIT; undefined where there is none. */
  get afterwards(): readonly Pending<void>[] | undefined {
    return this.#afterwards;
  }

  /** Commits, after the requested statements. @throws the error that prevents it, also one of a statement */
  async commit(): Promise<void> {
    while (this.#underWay) await this.#underWay;
    if (this.#waiting.length === 0 && this.#state === 'new') return; // nothing was asked
    this.#commits = true;
    await this.#exchange();
    if (this.#error) throw this.#error;
  }

  /** Ends without a commit, if there was none; discards what was not sent yet. @throws connection errors */
  async rollback(): Promise<void> {
    const unsent = this.#waiting;
    this.#waiting = [];
    for (const { reject } of unsent) reject(new Error('the transaction was rolled back'));
    while (this.#underWay) await this.#underWay;
    const isOpen = this.#state === 'open';
    this.#state = 'over';
    if (!isOpen) return;
    const { error } = await this.place.session.send([ROLLBACK]);
    if (error) throw error;
  }

  #add<Row>(query: Statement<Row>): Promise<Row[]> {
    if (this.#commits || this.#state === 'over')
      throw new Error('a statement after the end of its transaction');
    this.place.queries?.push(query.sql);
    this.place.context?.reading?.noteStatement(query);
    const rows = new Promise<Row[]>((resolve, reject) => {
      const { parameters, onePlan = false } = query;
      const cut = this.place.cuts?.statements.get(query.sql);
      const sql = cut ?? query.sql;
      const values = parameters.map((value) => pgUtils.prepareValue(value));
      const schema = this.place.context?.schema ?? null;
      const answer = cut === undefined ? resolve : this.#collecting(resolve);
      this.#waiting.push({ schema, sql, values, onePlan, resolve: answer as Waiting['resolve'], reject });
    });
    // Statements run concurrently, and their caller may throw before another one fails: a failure that nobody awaits
    // any more must not end the process. It still ends the transaction.
    rows.catch(ignore);
    return rows;
  }

  /** Returns a function that notes which fields of the rows were cut before it passes them on. */
  #collecting<Row>(resolve: (rows: Row[]) => void): (rows: Row[]) => void {
    return (rows) => {
      const context = this.place.context as TenantContext;
      context.cutFields ??= new Set();
      collectCutFields(rows, context.cutFields);
      resolve(rows);
    };
  }

  /** Sends the waiting statements when this turn of the event loop ends. */
  #await(): void {
    if (this.#isAwaited) return;
    this.#isAwaited = true;
    process.nextTick(this.#send);
  }

  readonly #send = (): void => {
    if (this.#underWay || !this.#isAwaited) return;
    this.#isAwaited = false;
    if (this.#waiting.length === 0) return;
    this.#underWay = this.#exchange().then(() => {
      this.#underWay = undefined;
      this.#send();
    });
  };

  /** Sends the waiting statements, and passes the answers on. */
  async #exchange(): Promise<void> {
    const asked = this.#waiting;
    this.#waiting = [];
    const { session, context, standby, note } = this.place;
    const isFirst = this.#state === 'new';
    const isLast = this.#commits;
    const begin = standby ? BEGIN_READING : BEGIN;
    const noting = isLast && note ? [note.statement] : [];
    // Ahead of the settings: a kept statement is planned anew wherever the search path differs from that of its planning.
    const onePlan = session.keeps && asked.some((one) => one.onePlan) ? [ONE_PLAN] : [];
    const opening = isFirst
      ? [
          begin,
          ...(standby ? [HOW_FAR] : []),
          ...onePlan,
          ...aheadOf(context),
          openingFor(this.#actor, session.serverVersion),
        ]
      : onePlan;
    const backendQuery = isFirst ? session.backendQuery : [];
    const reading = isFirst ? context?.reading : undefined;
    const versions = reading ? [versionsOf(context)] : [];
    const statements = [
      ...opening,
      ...backendQuery,
      ...versions,
      ...asked,
      ...(isLast ? [COMMIT] : []),
      ...noting,
    ];
    this.#state = 'open';
    const sentAt = performance.now();
    let { rows, ended, error } = await session.send(statements);
    const again = async (...before: readonly Outgoing[]) => {
      const sent = [ROLLBACK, ...before, ...statements];
      ({ rows, ended, error } = await session.send(sent, false));
      rows = rows.slice(sent.length - statements.length);
    };
    if (error && session.discardStale(error)) {
      if (isFirst) await again();
      else error = new StatementOutdatedError('a statement was out of date', { cause: error });
    } else if (isFirst) {
      // On a busy machine, a limit left on the connection may strike the statements that remove it, too.
      const until = sentAt + OPENING_WITHIN_MS;
      while (rows.length < opening.length && codeOf(error) === CANCELED && performance.now() < until)
        await again(begin, NO_LIMIT);
    }
    const ms = performance.now() - sentAt;
    if (ms >= slowStatements.limitMs) reportSlow(context, ms, asked.length > 0 ? asked : [COMMIT]);
    if (backendQuery.length > 0 && rows[opening.length])
      session.noteBackend(rows[opening.length] as unknown[]);
    if (isFirst) noteHowFar(standby, rows[1]);
    if (reading) noteVersions(reading, rows[opening.length + backendQuery.length]);

    // A timeout may strike after the last statement has run. It undoes that, unless it was COMMIT.
    const isCommitted = isLast && ended === 'COMMIT';
    if (error && isCommitted) error = null;
    else if (error && rows.length === statements.length) rows = rows.slice(0, -1);
    if (isCommitted && note) note.position = positionIn(rows[statements.length - 1]);
    const before = statements.length - asked.length - Number(isLast) - noting.length;
    asked.forEach(({ resolve, reject }, index) => {
      const found = rows[before + index];
      if (found) resolve(found);
      else reject(error as Error);
    });
    if (error) this.#error = error;
    if (!isLast) return;
    // If COMMIT was reached, it ended the transaction one way or the other.
    if (rows.length >= statements.length - 1 - noting.length) this.#state = 'over';
    if (isCommitted) this.#error = null;
    // COMMIT of a transaction that failed before is answered with ROLLBACK, and with no error.
    else this.#error ??= new Error('the transaction was rolled back');
  }
}

/** A read from a standby. */
export interface StandbyRead {
  /** The position in the log that was replayed when it began; -1 until that is known. */
  replayed: number;
}

/** The note of a change, for reads from standbys. */
export interface ChangeNote {
  /** The statement that is sent behind COMMIT, and returns the position. */
  readonly statement: Outgoing;
  /** What it returned; null where the transaction was committed and this failed, undefined until then. */
  position: string | null | undefined;
}

function noteHowFar(standby: StandbyRead | undefined, rows: readonly unknown[] | undefined): void {
  const [row] = (rows ?? []) as { replayed: string | null }[];
  if (row && standby?.replayed === -1) standby.replayed = walPosition(row.replayed);
}

function aheadOf(context: TenantContext | null): Outgoing[] {
  if (!context?.ahead) return [];
  const { sql, parameters } = context.ahead;
  return [{ schema: null, sql, values: parameters.map((value) => pgUtils.prepareValue(value)) }];
}

function versionsOf(context: TenantContext | null): Outgoing {
  return { schema: context?.schema ?? null, sql: TABLE_VERSIONS.sql, values: [] };
}

function noteVersions(reading: Reading, rows: readonly unknown[] | undefined): void {
  const [row] = (rows ?? []) as { versions: string }[];
  if (row) reading.noteVersions(row.versions);
}

function positionIn(rows: readonly unknown[] | undefined): string | null {
  const [row] = (rows ?? []) as { position: string }[];
  return row?.position ?? null;
}

/** The session and context of a transaction. */
export interface TransactionPlace {
  readonly session: Session;
  /** Null for schema `public` without a user. */
  readonly context: TenantContext | null;
  /** The role of a transaction without context, other than the program's own. */
  readonly actor?: Actor | undefined;
  /** See `TenantTransaction`. */
  readonly tenant: object;
  /** The statements that returned too much before. */
  readonly cuts?: Cuts | undefined;
  /** Collects the texts of its statements; nothing does unless given. */
  readonly queries?: string[];
  /** Given on a standby, where it takes how far that is. */
  readonly standby?: StandbyRead | undefined;
  /** Given where the change is noted. */
  readonly note?: ChangeNote | undefined;
}

/** Statements that are sent in another form, which cuts long values, by their text; and the bound for that. */
export interface Cuts {
  readonly statements: ReadonlyMap<string, string>;
  readonly most: number;
}

/**
 * Runs `work` in one transaction of the tenant, or of `public`, on this connection. Commits it, or rolls back on errors.
 * @throws what `work` throws, and database errors.
 */
export async function runTenantTransaction<T>(
  place: TransactionPlace,
  work: (transaction: TenantTransaction) => MaybePending<T>,
): Promise<T> {
  const conversation = new Conversation(place);
  try {
    const result = await work(conversation);
    await conversation.commit();
    const { afterwards } = conversation;
    if (afterwards) await Promise.all(afterwards.map((pending) => Pending.finish(pending, readsNothing)));
    if (!(result instanceof Pending)) return result;
    return await Pending.finish(result, (query) =>
      runTenantTransaction({ ...place, note: undefined }, (next) => next.send(query)),
    );
  } catch (error) {
    await conversation.rollback().catch(() => {
      throw new ConnectionUnusableError('a transaction could not be ended', { cause: error });
    });
    throw error;
  }
}
