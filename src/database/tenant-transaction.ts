import pgUtils from 'pg/lib/utils.js';
import { type Actor, BEGIN, NO_LIMIT, openingFor } from './opening.js';
import { checkSchemaName } from './schema-name.js';
import type { Outgoing, Session } from './session.js';
import type { Executable } from './statement.js';

/** In whose name statements run: the tenant, by its schema, and the acting user (null: the system). */
export interface TenantContext {
  readonly schema: string;
  readonly userId: number | null;
  /** From where: the client's address and the request's id, with a space in between; not given: no request. */
  readonly source?: string;
}

/** The statements of one tenant's transaction. */
export interface TenantTransaction {
  /** The same for all transactions of one tenant: what is kept in memory of its records hangs on it (a WeakMap). */
  readonly tenant: object;
  /** Runs one statement. Statements sent without waiting for one another share a round trip. */
  query<Row>(query: Executable<Row>): Promise<Row[]>;
  /** Runs the last statement and commits in the same round trip; no statement may follow. */
  last<Row>(query: Executable<Row>): Promise<Row[]>;
  /** Reads something more when the last statement is answered and committed, in a transaction of its own. */
  queryAfterCommit<Row>(query: Executable<Row>): Promise<Row[]>;
}

/** The transaction did not commit although no statement that was waited for failed. */
class TransactionAbortedError extends Error {}

/**
 * The server could not use a statement that it kept, as after a change of the table, when the transaction was past its
 * first round trip. Done again, it will succeed: hence the code of a failed serialisation.
 */
class StatementOutdatedError extends Error {
  readonly code = '40001';
}

/** The transaction could not be ended, so its connection must not be used again; `cause` is why it had to end. */
export class ConnectionUnusableError extends Error {}

const control = (sql: string): Outgoing => ({ schema: null, sql, values: [] });

const COMMIT = control('COMMIT');
const ROLLBACK = control('ROLLBACK');
/** For the rest of the transaction; see `onePlan`. */
const ONE_PLAN = control("SELECT pg_catalog.set_config('plan_cache_mode', 'force_generic_plan', true)");
/** Number of statements that open a transaction: BEGIN and its settings. */
const OPENING_LENGTH = 2;
const CANCELED = '57014';
const LONGEST_SOURCE = 200;

/** Statements on tables of schema `public`, as the program's own role. */
const PUBLIC: Actor = { role: 'none', searchPath: 'public, pg_temp', userId: '', source: '' };

function actorOf({ schema, userId, source = '' }: TenantContext): Actor {
  return {
    role: checkSchemaName(schema),
    // pg_temp comes last; otherwise temporary tables would hide the tenant's tables of the same name.
    searchPath: `${schema}, pg_temp`,
    userId: userId === null ? '' : checkUserId(userId),
    source: plain(source),
  };
}

/** What comes from outside, without what could fail the statement. */
function plain(source: string): string {
  return source.replaceAll(/[^ -~]/g, '').slice(0, LONGEST_SOURCE);
}

function checkUserId(userId: number): string {
  if (!Number.isSafeInteger(userId) || userId < 1) throw new Error(`not a user's id: ${userId}`);
  return String(userId);
}

const ignore = () => undefined;
const codeOf = (error: Error | null) => (error as { code?: string } | null)?.code;

/** A statement that waits to be sent or answered. */
interface Pending extends Outgoing {
  readonly onePlan: boolean;
  resolve(rows: unknown[]): void;
  reject(error: Error): void;
}

/** What is asked in one turn of the event loop goes out together, once what went before is answered. */
class Conversation implements TenantTransaction {
  readonly #actor: Actor;
  #waiting: Pending[] = [];
  #underWay: Promise<void> | undefined;
  #state: 'new' | 'open' | 'over' = 'new';
  /** Whether COMMIT goes with what is sent next. */
  #commits = false;
  /** Why it did not commit. */
  #failure: Error | undefined;

  constructor(
    private readonly session: Session,
    private readonly context: TenantContext | null,
    readonly tenant: object,
  ) {
    this.#actor = context ? actorOf(context) : PUBLIC;
  }

  query<Row>(query: Executable<Row>): Promise<Row[]> {
    if (this.#commits || this.#state === 'over')
      throw new Error('a statement after the last one of its transaction');
    const rows = new Promise<Row[]>((resolve, reject) => {
      const { sql, parameters, onePlan = false } = query;
      const values = parameters.map((value) => pgUtils.prepareValue(value));
      if (this.#waiting.length === 0) process.nextTick(() => this.#send());
      const schema = this.context?.schema ?? null;
      this.#waiting.push({ schema, sql, values, onePlan, resolve: resolve as Pending['resolve'], reject });
    });
    // Statements run side by side, and who waits for one may throw before another fails: a failure that nobody waits
    // for any more must not end the process. It still ends the transaction.
    rows.catch(ignore);
    return rows;
  }

  last<Row>(query: Executable<Row>): Promise<Row[]> {
    const rows = this.query(query);
    this.#commits = true;
    return rows;
  }

  async queryAfterCommit<Row>(query: Executable<Row>): Promise<Row[]> {
    await this.commit();
    const { session, context, tenant } = this;
    return await runTenantTransaction({ session, context, tenant }, (transaction) => transaction.last(query));
  }

  /** Commits, after what was asked. @throws TransactionAbortedError, and the error of COMMIT itself */
  async commit(): Promise<void> {
    while (this.#underWay) await this.#underWay;
    if (this.#waiting.length === 0 && this.#state === 'new') return; // nothing was asked
    this.#commits = true;
    if (this.#state !== 'over' && !this.#failure) await this.#exchange();
    if (this.#failure) throw this.#failure;
  }

  /** Ends without a commit, if there was none; what was not sent yet never will be. @throws errors of the connection */
  async rollback(): Promise<void> {
    const unsent = this.#waiting;
    this.#waiting = [];
    for (const { reject } of unsent) reject(new TransactionAbortedError('the transaction was rolled back'));
    while (this.#underWay) await this.#underWay;
    const isOpen = this.#state === 'open';
    this.#state = 'over';
    if (!isOpen) return;
    const { error } = await this.session.send([ROLLBACK]);
    if (error) throw error;
  }

  #send(): void {
    if (this.#underWay || this.#waiting.length === 0) return;
    this.#underWay = this.#exchange().then(() => {
      this.#underWay = undefined;
      this.#send();
    });
  }

  /** Sends what waits, and tells those who asked what was answered. */
  async #exchange(): Promise<void> {
    const asked = this.#waiting;
    this.#waiting = [];
    const { session } = this;
    const isFirst = this.#state === 'new';
    const isLast = this.#commits;
    const backendQuery = isFirst ? session.backendQuery : [];
    const statements = [
      ...(isFirst ? [BEGIN, openingFor(this.#actor, session.serverVersion), ...backendQuery] : []),
      ...(session.keeps && asked.some(({ onePlan }) => onePlan) ? [ONE_PLAN] : []),
      ...asked,
      ...(isLast ? [COMMIT] : []),
    ];
    this.#state = 'open';
    let { rows, command, error } = await session.send(statements);
    const again = async (...before: readonly Outgoing[]) => {
      const sent = [ROLLBACK, ...before, ...statements];
      ({ rows, command, error } = await session.send(sent, false));
      rows = rows.slice(sent.length - statements.length);
    };
    if (error && session.discardStale(error)) {
      if (isFirst) await again();
      else error = new StatementOutdatedError('a statement was out of date', { cause: error });
    } else if (isFirst && rows.length < OPENING_LENGTH && codeOf(error) === CANCELED) {
      await again(BEGIN, NO_LIMIT);
    }
    if (backendQuery.length > 0 && rows[OPENING_LENGTH]) session.noteBackend(rows[OPENING_LENGTH]);

    // A timeout may strike when the last statement has run. It undoes that, unless that was COMMIT.
    if (error && rows.length === statements.length) {
      if (isLast && command === 'COMMIT') error = null;
      else rows = rows.slice(0, -1);
    }
    const before = statements.length - asked.length - Number(isLast);
    asked.forEach(({ resolve, reject }, index) => {
      const found = rows[before + index];
      if (found) resolve(found);
      else reject(error as Error);
    });
    if (!isLast) return;
    const isOver = rows.length >= statements.length - 1; // got as far as COMMIT, which ends it one way or the other
    if (isOver) this.#state = 'over';
    if (isOver && error) this.#failure = error;
    // A COMMIT of a transaction that has failed is answered with ROLLBACK, and with no error.
    else if (error || command !== 'COMMIT')
      this.#failure = new TransactionAbortedError('the transaction was rolled back');
  }
}

/** Where a transaction takes place. */
interface TransactionPlace {
  readonly session: Session;
  /** Null for schema `public` without a user. */
  readonly context: TenantContext | null;
  /** As `TenantTransaction` has it. */
  readonly tenant: object;
}

/**
 * Runs `work` in one transaction of the tenant, or of `public`, on this connection. Commits it, or rolls back on errors.
 * @throws what `work` throws, and database errors.
 */
export async function runTenantTransaction<T>(
  { session, context, tenant }: TransactionPlace,
  work: (transaction: TenantTransaction) => Promise<T>,
): Promise<T> {
  const conversation = new Conversation(session, context, tenant);
  try {
    const result = await work(conversation);
    await conversation.commit();
    return result;
  } catch (error) {
    await conversation.rollback().catch(() => {
      throw new ConnectionUnusableError('a transaction could not be ended', { cause: error });
    });
    throw error;
  }
}
