import type { ConnectionSettings } from '../config/config.js';
import { readMigrations } from '../database/migration-files.js';
import { inTransaction, type OwnerClient, withOwner } from '../database/owner.js';
import { quoteIdentifier } from '../database/schema-name.js';
import { PlainError } from '../platform/plain-error.js';
import { readLedger } from './tables.js';
import { isPresent, TenantPresentError } from './tenant-rows.js';

/** Thrown when a backup cannot be restored into this database. */
export class TargetError extends PlainError {
  override readonly name = 'TargetError';
}

/** The state of the database into which a backup is to be restored. */
export interface RestoreTarget {
  /** Number of applied migrations of `public`. */
  readonly shared: number;
  readonly tenants: number;
  readonly operators: number;
  /** The backup whose restore has begun and not ended. */
  readonly unfinished: UnfinishedRestore | null;
}

export interface UnfinishedRestore {
  readonly id: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
}

/** Names the restore of a whole platform that is under way, or was interrupted; exists only then. */
const TABLE = 'public.restore_in_progress';

/** Key of the lock that a platform's restore holds; any number that nobody else uses. */
const RESTORE_LOCK = 7_236_072;

/**
 * Runs the restore of a platform unless another process runs one in this database.
 * @throws TargetError, and what `work` throws
 */
export async function restoringAlone<T>(owner: ConnectionSettings, work: () => Promise<T>): Promise<T> {
  return await withOwner(owner, (client) =>
    inTransaction(client, async () => {
      const { rows } = await client.query<{ isFree: boolean }>(
        'SELECT pg_catalog.pg_try_advisory_xact_lock($1::bigint) AS "isFree"',
        [RESTORE_LOCK],
      );
      if (rows[0]!.isFree) return await work();
      throw new TargetError('another process is restoring a backup into this database; wait for its end');
    }),
  );
}

/** Returns the state of a database. */
export async function examineTarget(owner: ConnectionSettings): Promise<RestoreTarget> {
  return await withOwner(owner, (client) => inTransaction(client, () => examine(client)));
}

/**
 * Checks once more that nobody has created a tenant or an operator, and lets nobody until the transaction ends, which must
 * hold the lock on `public`.
 * @throws TargetError
 */
export async function checkStillEmpty(client: OwnerClient, id: string): Promise<void> {
  await client.query('LOCK TABLE public.auth_user IN SHARE ROW EXCLUSIVE MODE');
  checkTarget(await examine(client), id);
}

async function examine(client: OwnerClient): Promise<RestoreTarget> {
  if (!(await exists(client, 'public.migration_ledger')))
    return { shared: 0, tenants: 0, operators: 0, unfinished: null };
  const count = async (table: string) =>
    (await exists(client, `public.${table}`))
      ? Number((await client.query(`SELECT count(*) FROM public.${quoteIdentifier(table)}`)).rows[0].count)
      : 0;
  return {
    shared: (await readLedger(client, 'shared')).length,
    tenants: await count('tenants_tenant'),
    operators: await count('auth_user'),
    unfinished: await unfinishedRestore(client),
  };
}

/** Returns the restore that was begun and not finished; null for none. */
export async function unfinishedRestore(
  client: Pick<OwnerClient, 'query'>,
): Promise<UnfinishedRestore | null> {
  if (!(await exists(client, TABLE))) return null;
  const { rows } = await client.query<UnfinishedRestore>(
    `SELECT backup AS id, to_char(started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS "startedAt"
     FROM ${TABLE}`,
  );
  return rows[0] ?? null;
}

/** Notes that the restore of this backup has begun, in the caller's transaction. */
export async function beginRestore(client: OwnerClient, id: string): Promise<void> {
  await client.query(
    `CREATE TABLE ${TABLE} (backup text NOT NULL, started_at timestamptz NOT NULL DEFAULT now())`,
  );
  await client.query(`INSERT INTO ${TABLE} (backup) VALUES ($1)`, [id]);
}

/** Notes that the restore has ended. */
export async function endRestore(client: OwnerClient): Promise<void> {
  await client.query(`DROP TABLE IF EXISTS ${TABLE}`);
}

/**
 * Checks that a whole platform can be restored into a database: it must be empty, or the same backup's restore must
 * have been interrupted there.
 * @throws TargetError
 */
export function checkTarget({ tenants, operators, unfinished }: RestoreTarget, id: string): void {
  if (unfinished?.id === id) return;
  if (unfinished)
    throw new TargetError(
      `the restore of another backup began here at ${unfinished.startedAt} and did not end; run that one again, or restore into another database`,
    );
  if (tenants === 0 && operators === 0) return;
  const found = [count(tenants, 'tenant'), count(operators, 'operator')].filter((text) => text !== '');
  throw new TargetError(
    `the database is not empty: it has ${found.join(' and ')}; restore one tenant (--schema), or into an empty database: set LEOPARD_DATA_DIR, or DB_NAME, to a new one`,
  );
}

/**
 * Checks that schema `public` is of this version, as a tenant beside others needs it.
 * @param applied number of its migrations
 * @throws TargetError
 */
export function checkSharedTables(applied: number): void {
  if (applied >= readMigrations().shared.length) return;
  throw new TargetError('the tables of the database are of an earlier version; run: leopard migrate');
}

/** Checks that a tenant can be restored under this schema. @throws TenantPresentError */
export async function checkAbsent(owner: ConnectionSettings, schema: string): Promise<void> {
  await withOwner(owner, async (client) => {
    if (!(await exists(client, 'public.tenants_tenant'))) return;
    if (await isPresent(client, schema)) throw new TenantPresentError(schema);
  });
}

function count(number: number, what: string): string {
  return number === 0 ? '' : `${number} ${what}${number === 1 ? '' : 's'}`;
}

async function exists(client: Pick<OwnerClient, 'query'>, table: string): Promise<boolean> {
  const { rows } = await client.query('SELECT to_regclass($1) IS NOT NULL AS exists', [table]);
  return rows[0].exists;
}
