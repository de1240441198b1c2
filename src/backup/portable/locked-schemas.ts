import type { OwnerClient } from '../../database/owner.js';
import { relationsIn } from '../../database/schema-objects.js';
import { withinLockWaits } from '../../schema/locking.js';

/** The longest wait for all the locks, in milliseconds: readers wait behind them all that time. */
const LOCK_WAIT_MS = 2_000;

const LOCKS = `
  SELECT format('LOCK TABLE %I.%I IN ACCESS EXCLUSIVE MODE', $1::text, relname) AS statement
  FROM pg_class WHERE oid = ${relationsIn('$1')} AND relkind = 'r' ORDER BY relname`;

/**
 * Keeps everybody out of the tables of these schemas until the transaction ends.
 * @param givesWay whether of this transaction and a request that wait for each other this one ends
 * @throws database errors: 55P03, 40P01
 */
export async function lockTables(
  client: OwnerClient,
  schemas: readonly string[],
  givesWay: boolean,
): Promise<void> {
  await withinLockWaits(client, LOCK_WAIT_MS, givesWay, async () => {
    for (const schema of schemas) {
      const { rows } = await client.query<{ statement: string }>(LOCKS, [schema]);
      if (rows.length > 0) await client.query(rows.map(({ statement }) => statement).join('; '));
    }
  });
}
