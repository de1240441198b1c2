import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { inTransaction, type OwnerClient } from '../database/owner.js';
import { jittered } from '../platform/jitter.js';
import { PlainError } from '../platform/plain-error.js';
import { LockWatch } from './lock-watch.js';

/** The limits on how long a transaction that changes tables waits for their locks. Times are in milliseconds. */
export interface LockWaits {
  /** The longest wait for all locks together: readers wait behind the transaction all that time. */
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
  SELECT pg_catalog.pg_backend_pid() AS backend, pg_catalog.set_config('lock_timeout', $1, true),
    CASE WHEN $2 AND pg_catalog.has_parameter_privilege('deadlock_timeout', 'SET')
      THEN pg_catalog.set_config('deadlock_timeout', '50ms', true) END`;
const LAST_ATTEMPTS = 2;

/**
 * Runs `work` in the caller's transaction, and limits how long that waits for locks in all.
 * @param longest milliseconds
 * @param givesWay whether it is the one that ends when it and another transaction wait for each other
 * @returns what `work` returns
 * @throws LockWaitError, and what `work` throws; the transaction must be rolled back then
 */
export async function withinLockWaits<T>(
  client: OwnerClient,
  longest: number,
  givesWay: boolean,
  work: () => Promise<T>,
): Promise<T> {
  const { rows } = await client.query<{ backend: number }>(LIMITS, [String(longest), givesWay]);
  const watch = new LockWatch(client, longest);
  watch.start(rows[0]!.backend);
  try {
    return await work();
  } catch (error) {
    throw watch.hasCancelled ? new LockWaitError(error) : error;
  } finally {
    await watch.stop();
  }
}

/** Key of the migrators' locks; any number that nobody else uses. */
const MIGRATION_LOCK = 7_236_071;

const POLL_MS = 100;

/** Thrown when another operation works on the schema, and went on doing so; nothing was changed. */
class SchemaBusyError extends PlainError {
  override readonly name = 'SchemaBusyError';

  constructor(scope: string) {
    super(
      `another operation works on ${scope === 'shared' ? 'public' : scope}, so nothing was changed there; run the command again when it is done`,
    );
  }
}

/** An advisory lock on all schemas (one key) or on that of a tenant (two keys). */
interface AdvisoryLock {
  readonly keys: readonly [number] | readonly [number, number];
  readonly mode: '' | '_shared';
}

/**
 * Locks the schemas of these tenants against migrations and other operations that create, change, rename or drop them,
 * until the end of the transaction, so that it holds behind a pooler too. Schema `public` is not migrated meanwhile.
 * Whatever else does such a thing must call this first in its transaction. It waits as long as it takes; a second
 * transaction of the same operation would wait for the first one, so only one of them may hold the lock.
 */
export async function lockTenants(client: OwnerClient, ...schemas: readonly string[]): Promise<void> {
  for (const lock of locksOf(schemas)) await take(client, lock, '_xact');
}

/**
 * Locks one tenant in the same way, but waits no longer than `ms` for another operation on it.
 * @throws SchemaBusyError
 */
export async function lockTenantWithin(client: OwnerClient, schema: string, ms: number): Promise<void> {
  for (const lock of locksOf([schema])) {
    const isTenants = lock.keys.length === 2;
    if (!(await take(client, lock, '_xact', isTenants ? ms : undefined))) throw new SchemaBusyError(schema);
  }
}

/** Locks schema `public` against all other operations on schemas, those of tenants included, until the transaction ends. */
export async function lockPublic(client: OwnerClient): Promise<void> {
  await take(client, PUBLIC_LOCK, '_xact');
}

/**
 * Runs `work`, which needs more than one transaction, while this session holds the lock of a scope.
 * @param scope a tenant's schema, or `shared` for schema `public`
 * @param ms the longest wait for another operation on a tenant
 * @throws SchemaBusyError, and what `work` throws
 */
export async function whileLocked<T>(
  client: OwnerClient,
  scope: string,
  ms: number,
  work: () => Promise<T>,
): Promise<T> {
  const locks = scope === 'shared' ? [PUBLIC_LOCK] : locksOf([scope]);
  const held: AdvisoryLock[] = [];
  try {
    for (const lock of locks) {
      if (!(await take(client, lock, '', lock.keys.length === 2 ? ms : undefined)))
        throw new SchemaBusyError(scope);
      held.push(lock);
    }
    return await work();
  } finally {
    // If the connection is lost, so are its locks.
    for (const { keys, mode } of held.toReversed())
      await client
        .query(`SELECT pg_catalog.pg_advisory_unlock${mode}(${keys.join(', ')})`)
        .catch(() => undefined);
  }
}

const PUBLIC_LOCK: AdvisoryLock = { keys: [MIGRATION_LOCK], mode: '' };

/** Returns the locks of these tenants in an order in which two operations on the same ones do not wait for each other. */
function locksOf(schemas: readonly string[]): AdvisoryLock[] {
  const keys = new Set(schemas.map((schema) => createHash('sha256').update(schema).digest().readInt32BE()));
  return [
    { keys: [MIGRATION_LOCK], mode: '_shared' },
    ...[...keys]
      .toSorted((a, b) => a - b)
      .map((key): AdvisoryLock => ({ keys: [MIGRATION_LOCK, key], mode: '' })),
  ];
}

/**
 * Takes a lock, asking again and again: a statement that waited for it would hold a snapshot, for which CREATE INDEX
 * CONCURRENTLY waits, whose session may be the one that holds the lock.
 * @returns whether it was available within `ms`
 */
async function take(
  client: OwnerClient,
  { keys, mode }: AdvisoryLock,
  until: '_xact' | '',
  ms = Number.POSITIVE_INFINITY,
): Promise<boolean> {
  const attempt = `SELECT pg_catalog.pg_try_advisory${until}_lock${mode}(${keys.join(', ')}) AS taken`;
  for (const begun = performance.now(); ; ) {
    const { rows } = await client.query<{ taken: boolean }>(attempt);
    if (rows[0]!.taken) return true;
    if (performance.now() - begun >= ms) return false;
    await sleep(jittered(POLL_MS));
  }
}

const LOCK_NOT_AVAILABLE = '55P03';

/** Thrown when a transaction has waited too long for its locks in all. */
class LockWaitError extends Error {
  override readonly name = 'LockWaitError';
  readonly code = LOCK_NOT_AVAILABLE;

  constructor(cause: unknown) {
    super('the locks of the transaction were not available in time', { cause });
  }
}

const DEADLOCK = '40P01';
/** Two transactions changed the same row of the catalogue, such as the rights on a table of `public`. */
const CHANGED_MEANWHILE = /^tuple concurrently (updated|deleted)$/;

/** Thrown when tables could not be locked in any attempt; nothing was changed. */
class TablesInUseError extends PlainError {
  override readonly name = 'TablesInUseError';
}

/**
 * Runs `work` in one transaction that takes strong locks. A transaction that waits for a lock makes all later ones wait,
 * readers too, so each attempt gives up soon, lets them through and starts again.
 * @param scope the owner of the changed tables: a tenant's schema, or `shared` for schema `public`
 * @param first runs first in the transaction, and may wait as long as it takes: nobody waits behind it
 * @param most another limit on the number of attempts
 * @returns what `work` returns in the attempt that succeeds
 * @throws TablesInUseError, and whatever else `work` throws
 */
export async function inLockingTransaction<T>(
  client: OwnerClient,
  scope: string,
  work: () => Promise<T>,
  {
    first,
    waits = USUAL,
    most = Number.POSITIVE_INFINITY,
  }: { first?: () => Promise<void>; waits?: LockWaits | undefined; most?: number | undefined } = {},
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await inTransaction(client, async () => {
        await first?.();
        const givesWay = attempt <= waits.attempts - LAST_ATTEMPTS;
        return await withinLockWaits(client, waits.longest, givesWay, work);
      });
    } catch (error) {
      if (!couldNotLock(error)) throw error;
      if (attempt >= Math.min(waits.attempts, most)) throw await inUse(client, scope, error);
      await sleep(jittered(waits.pause * attempt));
    }
  }
}

/** Returns whether the same work may succeed later: tables were in use, or another operation worked on the schema. */
export function isWorthRetrying(error: unknown): boolean {
  return error instanceof TablesInUseError || error instanceof SchemaBusyError || couldNotLock(error);
}

/** Returns whether this error, or one of its causes, means that a lock was not available. */
function couldNotLock(error: unknown): boolean {
  for (let one = error; one instanceof Error; one = one.cause) {
    const { code } = one as { code?: string };
    if (code === LOCK_NOT_AVAILABLE || code === DEADLOCK || CHANGED_MEANWHILE.test(one.message)) return true;
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
