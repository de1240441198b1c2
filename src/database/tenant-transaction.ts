import type { Writable } from 'node:stream';
import type { PoolClient } from 'pg';
import { checkSchemaName, quoteIdentifier } from './schema-name.js';
import { compiled, type Executable } from './statement.js';

/** In whose name statements run: the tenant, by its schema, and the acting user (null: the system). */
export interface TenantContext {
  readonly schema: string;
  readonly userId: number | null;
}

/** The statements of one tenant's transaction. */
export interface TenantTransaction {
  /** Runs one statement. Statements sent without waiting for one another share a round trip. */
  query<Row>(query: Executable<Row>): Promise<Row[]>;
  /** Runs the last statement and commits in the same round trip; no statement may follow. */
  last<Row>(query: Executable<Row>): Promise<Row[]>;
}

/** The transaction did not commit although no statement that was waited for failed. */
export class TransactionAbortedError extends Error {}

/** The transaction could not be ended, so its connection must not be used again; `cause` is why it had to end. */
export class ConnectionUnusableError extends Error {}

const openings = new Map<string, string>();
const MANY_SCHEMAS = 20_000;

/**
 * What makes a connection the tenant's, for one transaction. As one text, sent ahead of the first statement
 * without waiting: in separate round trips it cost a fifth to a third of the rate. SET LOCAL, never SET: what outlives
 * the transaction leaks to the next tenant through a pooler.
 */
function opening({ schema, userId }: TenantContext): string {
  let text = openings.get(schema);
  if (text === undefined) {
    const name = quoteIdentifier(checkSchemaName(schema));
    text = `BEGIN; SET LOCAL ROLE ${name}; SET LOCAL search_path TO ${name}; SET LOCAL timezone TO 'UTC'`;
    if (openings.size >= MANY_SCHEMAS) openings.clear();
    openings.set(schema, text);
  }
  return userId === null ? text : `${text}; SET LOCAL leopard.user_id TO '${checkUserId(userId)}'`;
}

function checkUserId(userId: number): number {
  if (!Number.isSafeInteger(userId) || userId < 1) throw new Error(`not a user's id: ${userId}`);
  return userId;
}

const ignore = () => undefined;

/**
 * Sends what is asked in this turn of the event loop in one write: each further write wakes the server's process
 * anew, which cost both sides more than the statements themselves.
 */
function inOneWrite(client: PoolClient): void {
  const { stream } = (client as unknown as { connection: { stream: Writable } }).connection;
  stream.cork();
  process.nextTick(() => stream.uncork());
}

/**
 * Runs `work` in one transaction of the tenant on this connection and commits it; rolls back when it throws.
 * @throws what `work` throws, and database errors.
 */
export async function runTenantTransaction<T>(
  client: PoolClient,
  context: TenantContext,
  work: (transaction: TenantTransaction) => Promise<T>,
): Promise<T> {
  inOneWrite(client);
  const begun = client.query(opening(context));
  begun.catch(ignore); // told by the first statement, which fails with it
  let commit: Promise<{ command: string }> | undefined;

  const run = async <Row>(query: Executable<Row>): Promise<Row[]> => {
    const { sql, parameters } = compiled(query);
    try {
      return (await client.query(sql, parameters as unknown[])).rows as Row[];
    } catch (error) {
      await begun; // the first failure is the one that says why
      throw error;
    }
  };
  // Statements run side by side, and who waits for one may throw before another fails: a failure that nobody waits
  // for any more must not end the process. It still ends the transaction.
  const started = <Row>(query: Executable<Row>): Promise<Row[]> => {
    const rows = run(query);
    rows.catch(ignore);
    return rows;
  };
  const transaction: TenantTransaction = {
    query(query) {
      if (commit) throw new Error('a statement after the last one of its transaction');
      return started(query);
    },
    last(query) {
      if (commit) throw new Error('a statement after the last one of its transaction');
      inOneWrite(client);
      const rows = started(query);
      commit = client.query('COMMIT');
      commit.catch(ignore);
      return rows;
    },
  };

  try {
    const result = await work(transaction);
    commit ??= client.query('COMMIT');
    // A COMMIT of a transaction that has failed is answered with ROLLBACK, and with no error.
    if ((await commit).command !== 'COMMIT')
      throw new TransactionAbortedError('the transaction was rolled back');
    return result;
  } catch (error) {
    // After COMMIT was sent there is nothing left to roll back, but its answer must be in before the next user.
    await (commit ?? client.query('ROLLBACK')).catch((failure: unknown) => {
      if (failure !== error)
        throw new ConnectionUnusableError('a transaction could not be ended', { cause: error });
    });
    throw error;
  }
}
