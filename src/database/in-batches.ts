import type { Database } from './database.js';
import type { TenantTransaction } from './tenant-transaction.js';

/** Maximum number of rows changed in one transaction. */
const BATCH = 1_000;

export interface BatchOptions {
  /** Changes nothing, and reports what would have been done. */
  readonly dryRun?: boolean;
  /** Ends the work after the batch that is under way. */
  readonly signal?: AbortSignal;
}

class Rehearsed extends Error {}

/**
 * Repeats a batch at a tenant, as the system and each time in a transaction of its own, until it does less than a full
 * batch; a dry run does it once, without a limit, and rolls back.
 * @param batch does at most `limit` (null: any number), and returns how many it did
 * @returns how many were done in all
 * @throws what `batch` throws; what earlier batches did stays done
 */
export async function inBatches(
  database: Database,
  schema: string,
  { dryRun = false, signal }: BatchOptions,
  batch: (transaction: TenantTransaction, limit: number | null) => Promise<number>,
): Promise<number> {
  const context = { schema, userId: null };
  if (dryRun) {
    let found = 0;
    const rehearsal = database.tenantTransaction(context, async (transaction) => {
      found = await batch(transaction, null);
      throw new Rehearsed();
    });
    await rehearsal.catch((error: unknown) => {
      if (!(error instanceof Rehearsed)) throw error;
    });
    return found;
  }
  for (let done = 0; ; ) {
    const count = await database.tenantTransaction(context, (transaction) => batch(transaction, BATCH));
    done += count;
    if (count < BATCH || signal?.aborted) return done;
  }
}
