import type { OwnerClient } from '../database/owner.js';
import { logUncompressed } from '../database/plain-log.js';
import { checkSchemaName, qualifiedList } from '../database/schema-name.js';
import { relationsIn } from '../database/schema-objects.js';
import { inLockingTransaction, type LockWaits, lockTenants } from '../schema/locking.js';

/**
 * Number of tables dropped in one transaction. Each takes locks for itself, its indexes, its sequence, its triggers and the
 * tables that refer to it: up to 100, and the server has room for 6,400 in all by default.
 */
const TABLES_AT_A_TIME = 4;

/**
 * Drops a tenant's tables, a few in each transaction, so that deletions side by side do not run out of locks.
 * @param onDropped called with the numbers of tables dropped and in all, before the first one too
 * @param signal ends the work between two transactions
 * @throws TablesInUseError; what was dropped before stays dropped
 */
export async function dropTables(
  client: OwnerClient,
  schema: string,
  {
    onDropped,
    signal,
    waits,
  }: {
    readonly onDropped?: (done: number, total: number) => void | Promise<void>;
    readonly signal?: AbortSignal;
    readonly waits?: LockWaits;
  } = {},
): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT relname AS name FROM pg_catalog.pg_class
     WHERE oid = ${relationsIn('$1')} AND relkind IN ('r', 'p') AND NOT relispartition
     ORDER BY oid DESC`,
    [checkSchemaName(schema)],
  );
  await onDropped?.(0, rows.length);
  for (let first = 0; first < rows.length; first += TABLES_AT_A_TIME) {
    signal?.throwIfAborted();
    const tables = rows.slice(first, first + TABLES_AT_A_TIME).map(({ name }) => name);
    await inLockingTransaction(
      client,
      schema,
      async () => {
        await logUncompressed(client);
        await client.query(`DROP TABLE IF EXISTS ${qualifiedList(schema, tables)} CASCADE`);
      },
      { first: () => lockTenants(client, schema), waits },
    );
    await onDropped?.(Math.min(first + TABLES_AT_A_TIME, rows.length), rows.length);
  }
}
