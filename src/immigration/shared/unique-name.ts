import { type RawBuilder, sql } from '../../database/queries.js';
import { caseless } from '../../database/same-text.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import type { HttpError } from '../../http/errors.js';

/**
 * Checks that a name is free, and keeps it so until the transaction ends: who wants the same one meanwhile waits.
 * @param kind what names are compared with: one word for each set of names (`agent`)
 * @param taken whether another record has it: a condition, usually `EXISTS (SELECT …)`
 * @param error what to answer then
 * @throws HttpError the one given
 */
export async function claimName(
  transaction: TenantTransaction,
  kind: string,
  name: string,
  taken: RawBuilder<boolean>,
  error: () => HttpError,
): Promise<void> {
  const key = `${kind}\n${caseless(name)}`;
  const locked = transaction.query(
    sql`SELECT pg_advisory_xact_lock(hashtext(current_schema()), hashtext(${key}))`,
  );
  // A statement of its own: it must see what was committed while this one waited for the lock.
  const looked = transaction.query(sql<{ taken: boolean }>`SELECT ${taken} AS taken`);
  const [, [found]] = await Promise.all([locked, looked]);
  if (found?.taken) throw error();
}
