import { setTimeout as sleep } from 'node:timers/promises';
import { inTransaction, type OwnerClient } from '../database/owner.js';
import { jittered } from '../platform/jitter.js';
import { PlainError } from '../platform/plain-error.js';

/** The limits on how long a transaction that changes tables waits for their locks. Times are in milliseconds. */
export interface LockWaits {
  /** The longest wait for one lock: readers wait behind it all that time. */
  readonly longest: number;
  /** Number of times the transaction is tried. */
  readonly attempts: number;
  /** The pause after the first attempt, which lets waiting transactions through; it grows with each attempt. */
  readonly pause: number;
}

const USUAL: LockWaits = { longest: 2_000, attempts: 6, pause: 1_000 };

/**
 * Of two transactions that wait for each other, the one that looks first ends. A request looks after a second, so that
 * it goes on and the migration is tried again; its last attempts take their chance.
 */
const LIMITS = `
  SELECT pg_catalog.set_config('lock_timeout', $1, true),
    CASE WHEN $2 AND pg_catalog.has_parameter_privilege('deadlock_timeout', 'SET')
      THEN pg_catalog.set_config('deadlock_timeout', '50ms', true) END`;
const LAST_ATTEMPTS = 2;

/** Key of the migrators' locks; any number that nobody else uses. */
const MIGRATION_LOCK = 7_236_071;

const LOCK_TENANTS = 'SELECT pg_catalog.pg_advisory_xact_lock_shared($1::bigint)';
// Sorted, so that two operations on the same tenants do not wait for each other.
const LOCK_EACH = `
  SELECT pg_catalog.pg_advisory_xact_lock($1::integer, hash)
  FROM (SELECT DISTINCT pg_catalog.hashtext(name) AS hash FROM unnest($2::text[]) AS t (name) ORDER BY 1) AS sorted`;

/**
 * Locks the schemas of these tenants against migrations and other operations that create, change, rename or drop them,
 * until the end of the transaction, so that it holds behind a pooler too. Schema `public` is not migrated meanwhile.
 * Whatever else does such a thing must call this first in its transaction. It waits as long as it takes; a second
 * transaction of the same operation waits for the first one, so only one of them may hold the lock.
 */
export async function lockTenants(client: OwnerClient, ...schemas: readonly string[]): Promise<void> {
  await client.query(LOCK_TENANTS, [MIGRATION_LOCK]);
  await client.query(LOCK_EACH, [MIGRATION_LOCK, schemas]);
}

/**
 * Locks one tenant's schema as `lockTenants` does, unless another operation works on it.
 * @returns whether it is locked
 */
export async function tryLockTenant(client: OwnerClient, schema: string): Promise<boolean> {
  await client.query(LOCK_TENANTS, [MIGRATION_LOCK]);
  const { rows } = await client.query<{ locked: boolean }>(
    'SELECT pg_catalog.pg_try_advisory_xact_lock($1::integer, pg_catalog.hashtext($2)) AS locked',
    [MIGRATION_LOCK, schema],
  );
  return rows[0]!.locked;
}

/** Locks schema `public` against all other operations on schemas, those of tenants included, until the transaction ends. */
export async function lockPublic(client: OwnerClient): Promise<void> {
  await client.query('SELECT pg_catalog.pg_advisory_xact_lock($1::bigint)', [MIGRATION_LOCK]);
}

const LOCK_NOT_AVAILABLE = '55P03';
const DEADLOCK = '40P01';

/** Thrown when tables could not be locked in any attempt; nothing was changed. */
class TablesInUseError extends PlainError {
  override readonly name = 'TablesInUseError';
}

/**
 * Runs `work` in one transaction that takes strong locks. A transaction that waits for a lock makes all later ones wait,
 * readers too, so each attempt gives up soon, lets them through and starts again.
 * @param scope the owner of the changed tables: a tenant's schema, or `shared` for schema `public`
 * @param first runs first in the transaction, and may wait as long as it takes: nobody waits behind it
 * @returns what `work` returns in the attempt that succeeds
 * @throws TablesInUseError, and whatever else `work` throws
 */
export async function inLockingTransaction<T>(
  client: OwnerClient,
  scope: string,
  work: () => Promise<T>,
  { first, waits = USUAL }: { first?: () => Promise<void>; waits?: LockWaits | undefined } = {},
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await inTransaction(client, async () => {
        await first?.();
        await client.query(LIMITS, [String(waits.longest), attempt <= waits.attempts - LAST_ATTEMPTS]);
        return await work();
      });
    } catch (error) {
      if (!couldNotLock(error)) throw error;
      if (attempt >= waits.attempts) throw await inUse(client, scope, error);
      await sleep(jittered(waits.pause * attempt));
    }
  }
}

/** Returns whether this error, or one of its causes, means that a lock was not available. */
function couldNotLock(error: unknown): boolean {
  for (let one = error; one instanceof Error; one = one.cause) {
    const { code } = one as { code?: string };
    if (code === LOCK_NOT_AVAILABLE || code === DEADLOCK) return true;
  }
  return false;
}

const HOLDERS = `
  SELECT a.pid, a.usename AS role, a.application_name AS program, count(*) OVER ()::integer AS total
  FROM pg_catalog.pg_stat_activity a
  WHERE a.pid <> pg_catalog.pg_backend_pid() AND EXISTS (
    SELECT FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_class c ON c.oid = l.relation
    WHERE l.pid = a.pid AND l.granted AND l.database = (
        SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()
      ) AND c.relnamespace = pg_catalog.to_regnamespace(pg_catalog.quote_ident($1))
  )
  ORDER BY a.xact_start NULLS LAST, a.pid
  LIMIT 1`;

async function inUse(client: OwnerClient, scope: string, cause: unknown): Promise<TablesInUseError> {
  const found = await client
    .query<{ pid: number; role: string; program: string; total: number }>(HOLDERS, [
      scope === 'shared' ? 'public' : scope,
    ])
    .catch(() => ({ rows: [] }));
  const [holder] = found.rows;
  const others = holder && holder.total > 1 ? ` and ${holder.total - 1} more` : '';
  const by = holder
    ? ` by process ${holder.pid} of ${holder.role}${holder.program && ` (${holder.program})`}${others}`
    : '';
  return new TablesInUseError(
    `the tables of ${scope} are in use${by}, so nothing was changed there; end that transaction, or run the command again later`,
    { cause },
  );
}
