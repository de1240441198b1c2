import type { ConnectionSettings } from '../config.js';
import { PlainError } from '../plain-error.js';
import { type Migration, type MigrationFiles, readMigrations } from './migration-files.js';
import { fileName, ledgerOf, MigrationChangedError, migrationState, type Scope } from './migration-state.js';
import { inTransaction, type OwnerClient, withOwner } from './owner.js';
import { ensureAppRole, ensureTenantRole, schemaRightsSql } from './roles.js';
import { checkSchemaName, quoteIdentifier } from './schema-name.js';

export { appliedMigrations, pendingMigrations } from './migration-state.js';

/** Called when a scope is done, well or not; `total` counts the scopes with something to do. */
export type OnMigrated = (progress: { scope: Scope; done: number; total: number; error?: Error }) => void;

export interface MigrateOptions {
  readonly onProgress?: OnMigrated;
  readonly files?: MigrationFiles;
}

/** What `migrateAll` did. */
export interface MigrationReport {
  /** How many migrations were applied, and to how many scopes. */
  readonly applied: number;
  readonly scopes: number;
  /** Tenants that failed; each keeps what was applied to it before. Where there is one, the command has failed. */
  readonly failures: readonly { readonly scope: Scope; readonly error: Error }[];
}

/** A migration whose SQL failed. Nothing of it was applied. */
export class MigrationFailedError extends PlainError {
  override readonly name = 'MigrationFailedError';

  constructor(scope: Scope, migration: Migration, cause: Error) {
    const position = Number((cause as { position?: string }).position);
    const line = position > 0 ? ` (line ${migration.sql.slice(0, position).split('\n').length})` : '';
    super(`migration ${fileName(migration)} of ${scope} failed: ${cause.message}${line}`, { cause });
  }
}

/** Locks of migrators (exclusive) and provisioning (shared); any number that nobody else uses. */
export const MIGRATION_LOCK = 7_236_071;

/** A backend keeps what it learns of each tenant's tables, so a long run takes a fresh one now and then. */
const TENANTS_PER_CONNECTION = 25;

/**
 * Applies everything that is pending, `public` first, then tenant by tenant. Does nothing after one query when
 * nothing is pending. A tenant that fails does not stop the others.
 * @throws MigrationChangedError, ServerTooOldError, PlainError about the program's role, MigrationFailedError of a
 *   shared migration
 */
export async function migrateAll(
  owner: ConnectionSettings,
  appUser: string,
  options: MigrateOptions = {},
): Promise<MigrationReport> {
  const files = options.files ?? readMigrations();
  const failures: { scope: Scope; error: Error }[] = [];
  let applied = 0;
  let todo = await withOwner(owner, async (client) => {
    const before = await scopesToDo(client, appUser, files);
    if (!before.includes('shared')) return before;
    applied += await migrateShared(client, appUser, files);
    return ['shared', ...(await scopesToDo(client, appUser, files))];
  });
  const total = todo.length;
  let done = 0;
  const report = (scope: Scope, error?: Error) =>
    options.onProgress?.({ scope, done: ++done, total, ...(error && { error }) });
  if (todo[0] === 'shared') {
    report('shared');
    todo = todo.slice(1);
  }
  for (let first = 0; first < todo.length; first += TENANTS_PER_CONNECTION) {
    await withOwner(owner, async (client) => {
      for (const schema of todo.slice(first, first + TENANTS_PER_CONNECTION)) {
        const error = await migrateTenant(client, appUser, schema, files).then(
          (count) => {
            applied += count;
          },
          (failure: Error) => failure,
        );
        if (error) failures.push({ scope: schema, error });
        report(schema, error ?? undefined);
      }
    });
  }
  return { applied, scopes: total - failures.length, failures };
}

async function scopesToDo(client: OwnerClient, appUser: string, files: MigrationFiles): Promise<Scope[]> {
  const { pending, withoutRights } = await migrationState(client, appUser, files);
  return [...new Set([...pending.map(({ scope }) => scope), ...withoutRights])];
}

/**
 * Applies what is pending in schema `public`, and gives the program's role its rights there.
 * @returns how many were applied
 * @throws MigrationChangedError, MigrationFailedError, PlainError about the program's role
 */
export async function migrateShared(
  client: OwnerClient,
  appUser: string,
  files: MigrationFiles = readMigrations(),
): Promise<number> {
  const count = await apply(client, 'shared', files.shared, 'public, pg_temp');
  await inTransaction(client, async () => {
    await lock(client);
    await ensureAppRole(client, appUser);
  });
  return count;
}

/**
 * Applies what is pending in one tenant's schema; makes the schema and its role where they are missing.
 * @returns how many were applied
 * @throws InvalidSchemaNameError; PlainError when there is no such tenant; MigrationChangedError, MigrationFailedError
 */
export async function migrateTenant(
  client: OwnerClient,
  appUser: string,
  schema: string,
  files: MigrationFiles = readMigrations(),
): Promise<number> {
  const name = quoteIdentifier(checkSchemaName(schema));
  const { rowCount } = await client.query('SELECT FROM public.tenants_tenant WHERE schema_name = $1', [
    schema,
  ]);
  if (rowCount === 0)
    throw new PlainError(`there is no tenant with the schema ${schema}; see: leopard tenants list`);
  await inTransaction(client, async () => {
    await lock(client);
    await ensureTenantRole(client, schema, appUser);
    await client.query(`CREATE SCHEMA IF NOT EXISTS ${name}; ${schemaRightsSql(schema)}`);
  });
  return await apply(client, schema, files.tenant, `${name}, pg_temp`);
}

/** Applies what the ledger lacks, each migration in a transaction of its own together with its ledger row. */
async function apply(
  client: OwnerClient,
  scope: Scope,
  migrations: readonly Migration[],
  searchPath: string,
): Promise<number> {
  const known = await ledgerOf(client, scope);
  const changed = migrations.filter(({ number, checksum }) => (known.get(number) ?? checksum) !== checksum);
  if (changed.length > 0)
    throw new MigrationChangedError(changed.map(({ number, name }) => ({ scope, number, name })));
  let count = 0;
  for (const migration of migrations.filter(({ number }) => !known.has(number))) {
    await inTransaction(client, async () => {
      await lock(client);
      if ((await ledgerOf(client, scope)).has(migration.number)) return; // another migrator was quicker
      await client.query(`SET LOCAL search_path TO ${searchPath}`);
      await client.query(migration.sql).catch((error: Error) => {
        throw new MigrationFailedError(scope, migration, error);
      });
      await recordMigrations(client, scope, [migration]);
      count++;
    });
  }
  return count;
}

/** Writes that these migrations are applied. */
export async function recordMigrations(
  client: OwnerClient,
  scope: Scope,
  migrations: readonly Migration[],
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

/** One migrator at a time; until the end of the transaction, so that it holds behind a pooler too. */
async function lock(client: OwnerClient): Promise<void> {
  await client.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
}
