import { caseless } from '../../database/same-text.js';
import { type Sql, sql } from '../../database/sql.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import type { HttpError } from '../../http/errors.js';

/**
 * Checks that a name is free, and reserves it until the transaction ends: concurrent requests for it wait.
 * @param kind the set of names that it is compared with, in one word (`agent`)
 * @param taken the condition that another record has it, usually `EXISTS (SELECT …)`
 * @param error the error to throw then
 * @throws HttpError the given one
 */
export async function claimName(
  transaction: TenantTransaction,
  kind: string,
  name: string,
  taken: Sql<boolean>,
  error: () => HttpError,
): Promise<void> {
  const key = `${kind}\n${caseless(name)}`;
  transaction.send(sql`SELECT pg_advisory_xact_lock(hashtext(current_schema()), hashtext(${key}))`);
  // A separate statement: it must see what was committed while this one waited for the lock.
  const [found] = await transaction.query(sql<{ taken: boolean }>`SELECT ${taken} AS taken`);
  if (found?.taken) throw error();
}
