import { setTimeout as sleep } from 'node:timers/promises';
import type { OwnerClient } from '../database/owner.js';
import { relationsIn } from '../database/schema-objects.js';
import { PlainError } from '../platform/plain-error.js';
import { deliveriesUnderWay, lockQueues } from './public-rows.js';

/** Thrown when a tenant did not hold still: a transaction of its own, or a delivery, takes too long. */
export class TenantBusyError extends PlainError {
  override readonly name = 'TenantBusyError';

  constructor(schema: string) {
    super(
      `${schema} did not hold still: a transaction or a delivery of its own takes long; nothing was changed, run the command again later`,
    );
  }
}

// Whoever has changed a row holds such a lock until the end of the transaction. Whoever asks for one from now on learns
// first that the schema is closed, and fails.
const WRITERS = `
  SELECT FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_class c ON c.oid = l.relation
  WHERE c.oid = ${relationsIn('$1')} AND c.relkind = 'r' AND l.granted
    AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
    AND l.mode IN ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
    AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
  LIMIT 1`;
const LOOK_EVERY_MS = 10;

/**
 * Waits until every transaction has ended that had changed rows of a tenant when its schema was closed, and keeps others
 * from claiming its waiting work until the caller's transaction ends.
 * @param within longest wait, in milliseconds
 * @throws TenantBusyError
 */
export async function awaitStill(
  client: OwnerClient,
  schema: string,
  within: number,
  signal: AbortSignal,
): Promise<void> {
  const late = performance.now() + within;
  while ((await client.query(WRITERS, [schema])).rowCount !== 0) {
    if (performance.now() > late) throw new TenantBusyError(schema);
    await sleep(LOOK_EVERY_MS, undefined, { signal });
  }
  await lockQueues(client, schema);
  if ((await deliveriesUnderWay(client, schema)) > 0) throw new TenantBusyError(schema);
}
