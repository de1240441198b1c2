import { type Migration, type MigrationFiles, readMigrations } from '../database/migration-files.js';
import type { OwnerClient } from '../database/owner.js';
import { closeFunctions, ensureAppRole, ensureTenantRole, schemaRightsSql } from '../database/roles.js';
import { checkSchemaName, quoteIdentifier } from '../database/schema-name.js';
import { LIVES_HERE_IF_KNOWN } from '../database/served-tenants.js';
import { type Capture, shippedCapture } from '../events/capture/capture.js';
import { captureChecksum, installCapture } from '../events/capture/install.js';
import { PlainError } from '../platform/plain-error.js';
import { noteIncarnation, settleQueues } from './incarnation.js';
import { inLockingTransaction, type LockWaits, lockPublic, lockTenantWithin } from './locking.js';
import { fileName, ledgerOf, MigrationChangedError, type MigrationScope } from './migration-state.js';
import type { OnMigrationStep } from './migration-steps.js';
import { tellOfTenant } from './tenant-notice.js';
import { runWithoutTransaction } from './without-transaction.js';

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
  readonly lockWaits?: LockWaits | undefined;
  /** Gives up soon where tables are in use or another operation works on the tenant, which is tried again later. */
  readonly briefly?: boolean;
  /** Called for each applied migration, also where a later one fails. */
  readonly onApplied?: () => void;
  readonly onStep?: OnMigrationStep | undefined;
}

/** Thrown for a migration whose SQL failed. Nothing of it was applied. */
class MigrationFailedError extends PlainError {
  override readonly name = 'MigrationFailedError';

  constructor(scope: MigrationScope, migration: Migration, cause: Error) {
    const position = Number((cause as { position?: string }).position);
    const line =
      position > 0 && !migration.withoutTransaction
        ? ` (line ${migration.sql.slice(0, position).split('\n').length})`
        : '';
    super(`migration ${fileName(migration)} of ${scope} failed: ${cause.message}${line}`, { cause });
  }
}

/** The longest wait for another operation on a tenant, in milliseconds. */
const PATIENCE_MS = 60_000;
/** Number of attempts to lock tables where the tenant is tried again later. */
const BRIEF_ATTEMPTS = 2;

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
  onStep?: OnMigrationStep,
): Promise<number> {
  const searchPath = 'public, pg_temp';
  const place = { client, scope: 'shared', searchPath, onStep };
  const count = await apply(place, files.shared, nothingMore);
  await grantToProgram(client, appUser, files);
  return count;
}

/** Grants the program's role its privileges on `public`, and closes functions to everybody else. @throws PlainError about the role */
export async function grantToProgram(
  client: OwnerClient,
  appUser: string,
  files: MigrationFiles,
): Promise<void> {
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
 * CaptureFailedError, TablesInUseError, SchemaBusyError
 */
export async function migrateTenant(
  client: OwnerClient,
  appUser: string,
  schema: string,
  options: TenantMigrateOptions = {},
): Promise<{ applied: number; captured: boolean }> {
  const { files = readMigrations(), lockWaits, briefly, onApplied, onStep } = options;
  const capture = captureFor(options);
  const name = quoteIdentifier(checkSchemaName(schema));
  const searchPath = `${name}, pg_temp`;
  const place = { client, scope: schema, searchPath, lockWaits, briefly, onApplied, onStep };
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
  await onStep?.('schema', schema);
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
  await onStep?.('up to date', schema);
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
  readonly briefly?: boolean | undefined;
  readonly onApplied?: (() => void) | undefined;
  readonly onStep?: OnMigrationStep | undefined;
}

const patienceOf = ({ briefly }: Place) => (briefly ? 0 : PATIENCE_MS);

/** Runs `work` in a transaction, one migrator of this schema at a time, without making others wait for long. */
function locked<T>(place: Place, work: () => Promise<T>): Promise<T> {
  const { client, scope, lockWaits, briefly } = place;
  const first = () =>
    scope === 'shared' ? lockPublic(client) : lockTenantWithin(client, scope, patienceOf(place));
  const most = briefly ? BRIEF_ATTEMPTS : undefined;
  return inLockingTransaction(client, scope, work, { first, waits: lockWaits, most });
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
    const failed = (error: Error) => {
      throw new MigrationFailedError(scope, migration, error);
    };
    const isNeeded = async () => !(await ledgerOf(client, scope)).has(migration.number); // another may be faster
    const record = async () => {
      await recordMigrations(client, scope, [migration]).catch(failed);
      if (migration === pending.at(-1)) await withTheLast();
    };
    const carryOut = async () => {
      if (!(await isNeeded())) return false;
      await client.query(`SET LOCAL search_path TO ${searchPath}`);
      await client.query(migration.sql).catch(failed);
      await place.onStep?.('carried out', scope);
      await record();
      return true;
    };
    const { withoutTransaction } = migration;
    const isDone = withoutTransaction
      ? await runWithoutTransaction(client, scope, withoutTransaction, {
          needed: isNeeded,
          finish: () => locked(place, record),
          failed,
          onStep: place.onStep,
          patience: patienceOf(place),
        })
      : await locked(place, carryOut);
    if (!isDone) continue;
    count++;
    place.onApplied?.();
    await place.onStep?.('recorded', scope);
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
