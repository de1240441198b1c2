import { DatabaseClient } from '../database/client.js';
import type { OwnerClient } from '../database/owner.js';
import { placed } from '../database/repeatable-statements.js';
import { quoteIdentifier } from '../database/schema-name.js';
import { PlainError } from '../platform/plain-error.js';
import { whileLocked } from './locking.js';
import type { OnMigrationStep } from './migration-steps.js';

/** The longest wait of a statement for transactions that are older; nobody waits behind it. */
const LONGEST_WAIT = '60s';

const INVALID = `
  SELECT FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
  WHERE c.relnamespace = to_regnamespace($1) AND c.relname = $2 AND NOT i.indisvalid`;

/**
 * Runs statements that cannot run in a transaction, such as CREATE INDEX CONCURRENTLY, which lets readers and writers
 * through. Each may have been cut off before: an index that was left unfinished is dropped and made anew. Then
 * `finish` records them, in a transaction. The scope is locked all the while.
 * @returns false where they are not needed any more
 * @throws SchemaBusyError; PlainError behind a pooler; database errors, after which the statements can be run again
 */
export async function runWithoutTransaction(
  client: OwnerClient,
  scope: string,
  statements: readonly string[],
  hooks: {
    readonly needed: () => Promise<boolean>;
    readonly finish: () => Promise<void>;
    /** Rethrows an error of a statement. */
    readonly failed: (error: Error) => never;
    readonly onStep: OnMigrationStep | undefined;
    /** Milliseconds to wait for another operation on the tenant. */
    readonly patience: number;
  },
): Promise<boolean> {
  await requireOwnBackend(client);
  return await whileLocked(client, scope, hooks.patience, async () => {
    if (!(await hooks.needed())) return false;
    const schema = scope === 'shared' ? 'public' : scope;
    await client.query(`SELECT pg_catalog.set_config('lock_timeout', $1, false)`, [LONGEST_WAIT]);
    try {
      for (const statement of statements) {
        const { sql, createdIndex } = placed(statement, quoteIdentifier(schema));
        await hooks.onStep?.('statement', scope);
        if (createdIndex !== null) await dropUnfinished(client, schema, createdIndex).catch(hooks.failed);
        await client.query(sql).catch(hooks.failed);
        await hooks.onStep?.('statement done', scope);
      }
    } finally {
      await client.query('RESET lock_timeout').catch(() => undefined);
    }
    await hooks.finish();
    return true;
  });
}

async function dropUnfinished(client: OwnerClient, schema: string, index: string): Promise<void> {
  const { rowCount } = await client.query(INVALID, [quoteIdentifier(schema), index]);
  if (rowCount === 0) return;
  await client.query(`DROP INDEX CONCURRENTLY ${quoteIdentifier(schema)}.${quoteIdentifier(index)}`);
}

/** Checks that the session's locks and settings stay with this connection. @throws PlainError */
async function requireOwnBackend(client: OwnerClient): Promise<void> {
  const { rows } = await client.query<{ pid: number }>('SELECT pg_catalog.pg_backend_pid() AS pid');
  if (client instanceof DatabaseClient && rows[0]?.pid === client.serverProcess) return;
  throw new PlainError(
    'a migration without a transaction does not go through a pooler; give the owner a connection of its own to PostgreSQL in DATABASE_OWNER_URL, and run the command again',
  );
}
