import type { ConnectionSettings } from '../config/config.js';
import { type Migration, type MigrationFiles, readMigrations } from '../database/migration-files.js';
import { type OwnerClient, withOwner } from '../database/owner.js';
import { closeFunctions, ensureAppRole, ensureTenantRole, schemaRightsSql } from '../database/roles.js';
import { checkSchemaName, quoteIdentifier } from '../database/schema-name.js';
import { LIVES_HERE_IF_KNOWN } from '../database/served-tenants.js';
import { type Capture, shippedCapture } from '../events/capture/capture.js';
import { checkCapture } from '../events/capture/check.js';
import { captureChecksum, installCapture } from '../events/capture/install.js';
import { PlainError } from '../platform/plain-error.js';
import { mendAccess } from './access/mend.js';
import { noteIncarnation, settleQueues } from './incarnation.js';
import { inLockingTransaction, type LockWaits, lockPublic, lockTenants } from './locking.js';
import {
  fileName,
  ledgerOf,
  MigrationChangedError,
  type MigrationScope,
  migrationState,
} from './migration-state.js';
import { checkOwnership } from './repair.js';
import { repairAll, repairShared, TENANTS_PER_CONNECTION } from './repair-all.js';
import { tellOfTenant } from './tenant-notice.js';

export { appliedMigrations, pendingCaptures, pendingMigrations } from './migration-state.js';

/** Called when a scope is done, well or not; `total` counts the scopes with something to do. */
type OnMigrated = (progress: { scope: MigrationScope; done: number; total: number; error?: Error }) => void;

export interface TenantMigrateOptions {
  readonly files?: MigrationFiles;
  /**
   * The capture of domain events; null for none. By default the shipped one, and none with files other than the shipped
   * ones.
   */
  readonly capture?: Capture | null;
  /** Reinstalls the capture even where it is recorded as installed, because something else has changed it. */
  readonly repairCapture?: boolean;
  /** The limits on waiting for locks of the tables. */
  readonly lockWaits?: LockWaits;
}

export interface MigrateOptions extends TenantMigrateOptions {
  readonly onProgress?: OnMigrated;
  /** Called before the first change, with the number of scopes to migrate that are known by then. */
  readonly onBegin?: (total: number) => void;
  /**
   * For a start of the program beside others: checks only the checksums of the capture of events, not the actual
   * triggers, and leaves tenants alone in which a newer version has replaced it.
   */
  readonly keepNewerCapture?: boolean;
}

/** The results of `migrateAll`. */
export interface MigrationReport {
  /** Numbers of applied migrations, and of the scopes that they were applied to. */
  readonly applied: number;
  readonly scopes: number;
  /** Number of tenants whose capture of events was installed or renewed. */
  readonly captures: number;
  /** Number of tenants left with the capture of a newer version of the program. */
  readonly newerCaptures: number;
  /** Number of tenants whose lost functions, triggers or rights were restored. */
  readonly repairs: number;
  /** Other faults that were mended, in roles, rights and schema `public`; one line each. */
  readonly mended: readonly string[];
  /** Tenants that failed; each keeps what was applied to it before. If there is one, the command has failed. */
  readonly failures: readonly { readonly scope: MigrationScope; readonly error: Error }[];
}

/** Thrown for a migration whose SQL failed. Nothing of it was applied. */
class MigrationFailedError extends PlainError {
  override readonly name = 'MigrationFailedError';

  constructor(scope: MigrationScope, migration: Migration, cause: Error) {
    const position = Number((cause as { position?: string }).position);
    const line = position > 0 ? ` (line ${migration.sql.slice(0, position).split('\n').length})` : '';
    super(`migration ${fileName(migration)} of ${scope} failed: ${cause.message}${line}`, { cause });
  }
}

/**
 * Applies everything pending, `public` first, then tenant by tenant, and brings the capture of events up to date.
 * Except at a start, it also restores functions, triggers and privileges that a tenant has lost. A start needs only one
 * query to see that nothing is pending. A tenant that fails does not stop the others.
 * @throws MigrationChangedError and MigrationFailedError of shared migrations, ServerTooOldError, PlainError about the
 * program's role
 */
export async function migrateAll(
  owner: ConnectionSettings,
  appUser: string,
  options: MigrateOptions = {},
): Promise<MigrationReport> {
  const files = options.files ?? readMigrations();
  const capture = captureFor(options);
  const failures: { scope: MigrationScope; error: Error }[] = [];
  let applied = 0;
  let captures = 0;
  let newerCaptures = 0;
  let broken: ReadonlySet<MigrationScope> = new Set();
  const scopesToDo = async (client: OwnerClient): Promise<MigrationScope[]> => {
    const state = await migrationState(client, appUser, files, capture?.checksum);
    const { pending, changed, reborn, withoutRights, captures: outdated } = state;
    const isStart = options.keepNewerCapture ?? false;
    const toRenew = outdated.filter(({ isNewer }) => !(isStart && isNewer));
    newerCaptures = outdated.length - toRenew.length;
    const scopes = [...pending, ...changed, ...toRenew].map(({ scope }) => scope);
    scopes.push(...withoutRights, ...reborn);
    if (capture && !isStart && !scopes.includes('shared')) {
      broken = new Set((await checkCapture(client, capture)).map(({ schema }) => schema));
    }
    return [...new Set([...scopes, ...broken])];
  };
  let todo = await withOwner(owner, async (client) => {
    if (!options.keepNewerCapture) await checkOwnership(client, owner.user);
    const before = await scopesToDo(client);
    if (before.length > 0) options.onBegin?.(before.length);
    if (!before.includes('shared')) return before;
    applied += await migrateShared(client, appUser, files);
    return ['shared', ...(await scopesToDo(client))];
  });
  const total = todo.length;
  let done = 0;
  const report = (scope: MigrationScope, error?: Error) =>
    options.onProgress?.({ scope, done: ++done, total, ...(error && { error }) });
  if (todo[0] === 'shared') {
    report('shared');
    todo = todo.slice(1);
  }
  for (let first = 0; first < todo.length; first += TENANTS_PER_CONNECTION) {
    await withOwner(owner, async (client) => {
      for (const schema of todo.slice(first, first + TENANTS_PER_CONNECTION)) {
        const error = await migrateTenant(client, appUser, schema, {
          files,
          capture,
          repairCapture: broken.has(schema),
          ...(options.lockWaits && { lockWaits: options.lockWaits }),
        }).then(
          (done) => {
            applied += done.applied;
            captures += Number(done.captured);
          },
          (failure: Error) => failure,
        );
        if (error) failures.push({ scope: schema, error });
        report(schema, error ?? undefined);
      }
    });
  }
  const scopes = total - failures.length;
  let repairs = 0;
  const mended: string[] = [];
  // A start checks no more than necessary; the state above reveals privileges that the whole database lacks.
  if (capture && !options.keepNewerCapture) {
    await withOwner(owner, (client) => grantToProgram(client, appUser, files));
    mended.push(...(await mendAccess(owner, appUser)));
    if (await repairShared(owner, appUser, { files, lockWaits: options.lockWaits }))
      mended.push('functions, triggers or rights of public were not the program’s');
    const repaired = await repairAll(owner, appUser, { files, lockWaits: options.lockWaits });
    repairs = repaired.repairs;
    failures.push(...repaired.failures);
  }
  return { applied, scopes, captures, newerCaptures, repairs, mended, failures };
}

/**
 * Returns the capture to install. Other migration files than the shipped ones make other tables, for which the shipped
 * capture is not made.
 */
export function captureFor({ files, capture }: TenantMigrateOptions): Capture | null {
  if (capture !== undefined) return capture;
  return files ? null : shippedCapture();
}

/**
 * Applies what is pending in schema `public`, and grants the program's role its privileges there.
 * @returns number of applied migrations
 * @throws MigrationChangedError, MigrationFailedError, TablesInUseError, PlainError about the program's role
 */
export async function migrateShared(
  client: OwnerClient,
  appUser: string,
  files: MigrationFiles = readMigrations(),
): Promise<number> {
  const searchPath = 'public, pg_temp';
  const count = await apply({ client, scope: 'shared', searchPath }, files.shared, nothingMore);
  await grantToProgram(client, appUser, files);
  return count;
}

async function grantToProgram(client: OwnerClient, appUser: string, files: MigrationFiles): Promise<void> {
  await locked({ client, scope: 'shared' }, async () => {
    await ensureAppRole(client, appUser);
    await closeFunctions(client, files.shared);
  });
}

/**
 * Applies what is pending in one tenant's schema, and brings the capture of its events up to date; creates the schema
 * and its role where they are missing.
 * @returns number of applied migrations, and whether the capture was installed or renewed
 * @throws InvalidSchemaNameError; PlainError when there is no such tenant; MigrationChangedError, MigrationFailedError,
 * CaptureFailedError, TablesInUseError
 */
export async function migrateTenant(
  client: OwnerClient,
  appUser: string,
  schema: string,
  options: TenantMigrateOptions = {},
): Promise<{ applied: number; captured: boolean }> {
  const { files = readMigrations(), lockWaits } = options;
  const capture = captureFor(options);
  const name = quoteIdentifier(checkSchemaName(schema));
  const searchPath = `${name}, pg_temp`;
  const place = { client, scope: schema, searchPath, lockWaits };
  const { rowCount } = await client.query(
    `SELECT FROM public.tenants_tenant t WHERE schema_name = $1 AND ${LIVES_HERE_IF_KNOWN}`,
    [schema],
  );
  if (rowCount === 0)
    throw new PlainError(`there is no tenant with the schema ${schema}; see: leopard tenants list`);
  await checkNotLost(client, schema);
  await locked(place, async () => {
    await ensureTenantRole(client, schema, appUser);
    await client.query(`CREATE SCHEMA IF NOT EXISTS ${name}; ${schemaRightsSql(schema)}`);
  });
  let captured = false;
  const renewCapture = async () => {
    if (!capture) return;
    const isNoted = (await captureChecksum(client, schema)) === capture.checksum;
    if (isNoted && !options.repairCapture) return;
    await client.query(`SET LOCAL search_path TO ${searchPath}`);
    await installCapture(client, schema, capture);
    captured = true;
  };
  // Together with the last migration: in between, the old functions could meet a table that they do not know.
  const applied = await apply(place, files.tenant, renewCapture);
  await locked(place, async () => {
    if (!captured) await renewCapture();
    await tellOfTenant(client, schema);
    if (!(await noteIncarnation(client, schema)) || !capture) return;
    await client.query(`SET LOCAL search_path TO ${searchPath}`);
    await settleQueues(client, schema);
  });
  return { applied, captured };
}

/** Refuses to replace a lost schema by an empty one, which would only hide the loss. @throws PlainError */
async function checkNotLost(client: OwnerClient, schema: string): Promise<void> {
  const { rowCount } = await client.query(
    `SELECT FROM public.migration_ledger WHERE scope = $1 AND to_regnamespace(quote_ident($1)) IS NULL LIMIT 1`,
    [schema],
  );
  if (rowCount === 0) return;
  throw new PlainError(
    `the schema ${schema} is missing, though migrations were applied to it; restore it from a backup and run leopard migrate, or remove the tenant: leopard tenants delete --tenant ${schema}`,
  );
}

/** The place where migrations are applied. */
interface Place {
  readonly client: OwnerClient;
  readonly scope: MigrationScope;
  readonly lockWaits?: LockWaits | undefined;
}

/** Runs `work` in a transaction, one migrator of this schema at a time, without making others wait for long. */
function locked<T>({ client, scope, lockWaits }: Place, work: () => Promise<T>): Promise<T> {
  const first = () => (scope === 'shared' ? lockPublic(client) : lockTenants(client, scope));
  return inLockingTransaction(client, scope, work, { first, waits: lockWaits });
}

const nothingMore = async () => undefined;

/**
 * Applies what the ledger lacks, each migration in a transaction of its own with its ledger row, and what belongs to
 * the last one in that one's.
 */
async function apply(
  place: Place & { readonly searchPath: string },
  migrations: readonly Migration[],
  withTheLast: () => Promise<void>,
): Promise<number> {
  const { client, scope, searchPath } = place;
  const known = await ledgerOf(client, scope);
  const changed = migrations.filter(({ number, checksum }) => (known.get(number) ?? checksum) !== checksum);
  if (changed.length > 0)
    throw new MigrationChangedError(changed.map(({ number, name }) => ({ scope, number, name })));
  let count = 0;
  const pending = migrations.filter(({ number }) => !known.has(number));
  for (const migration of pending) {
    await locked(place, async () => {
      if ((await ledgerOf(client, scope)).has(migration.number)) return; // another migrator was faster
      await client.query(`SET LOCAL search_path TO ${searchPath}`);
      const failed = (error: Error) => {
        throw new MigrationFailedError(scope, migration, error);
      };
      await client.query(migration.sql).catch(failed);
      await recordMigrations(client, scope, [migration]).catch(failed);
      if (migration === pending.at(-1)) await withTheLast();
      count++;
    });
  }
  return count;
}

/** Records these migrations as applied. */
export async function recordMigrations(
  client: OwnerClient,
  scope: MigrationScope,
  migrations: readonly Pick<Migration, 'number' | 'name' | 'checksum'>[],
): Promise<void> {
  await client.query(
    `INSERT INTO public.migration_ledger (scope, number, name, checksum)
     SELECT $1, * FROM unnest($2::integer[], $3::text[], $4::text[])`,
    [
      scope,
      migrations.map(({ number }) => number),
      migrations.map(({ name }) => name),
      migrations.map(({ checksum }) => checksum),
    ],
  );
}
