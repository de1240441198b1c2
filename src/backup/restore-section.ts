import { readMigrations } from '../database/migration-files.js';
import { inTransaction, type OwnerClient } from '../database/owner.js';
import { ensureTenantRole, schemaRightsSql } from '../database/roles.js';
import { checkSchemaName, quoteIdentifier } from '../database/schema-name.js';
import { shippedCapture } from '../events/capture/capture.js';
import { installCapture } from '../events/capture/install.js';
import { noteIncarnation, settleQueues } from '../schema/incarnation.js';
import { lockPublic, lockTenants } from '../schema/locking.js';
import { recordMigrations } from '../schema/migrator.js';
import { readSnapshot } from '../schema/tenant-snapshot.js';
import type { BackupSection, SectionReceiver } from './backup-reader.js';
import { type BackupHeader, PUBLIC, type SectionManifest } from './format.js';
import { LoadedTables } from './load-tables.js';
import { RestoredFiles } from './restored-files.js';
import { migrationsOf } from './section-migrations.js';
import { addTenantRows, type RestoredTenant } from './tenant-rows.js';

export interface RestoreSectionOptions {
  /** The folder that holds one folder of files per tenant; null to leave files out. */
  readonly mediaDirectory: string | null;
  /** Makes further changes in the same transaction, with the tenant's schema as search path and all its triggers. */
  readonly adapt?: (client: OwnerClient) => Promise<void>;
  /** Undoes everything at the end, and writes no files. */
  readonly rehearses?: boolean;
  readonly onRows?: (rows: number) => void;
  /** Called with the number of files written so far. */
  readonly onFiles?: (files: number) => void;
}

/** The results of restoring a section. */
export interface RestoredSection {
  readonly manifest: SectionManifest;
  /** Tables in the backup that are not the program's, and were left out. */
  readonly unknownTables: readonly string[];
}

class Rehearsed extends Error {}

/**
 * Restores one tenant in one transaction: its rows in `public`, role, schema, tables and rows as they were, compared
 * with the backup's checksums, then the migrations since, capture of events and queues. Nobody sees any of it before
 * it is complete, and if the process is killed there is nothing.
 * @throws UnreadableBackupError, OtherVersionError, TenantPresentError, TenantExistsError, PlainError; nothing is
 * left behind then
 */
export async function restoreTenant(
  client: OwnerClient,
  appUser: string,
  header: BackupHeader,
  section: BackupSection,
  restored: RestoredTenant,
  options: RestoreSectionOptions,
): Promise<RestoredSection> {
  let result: RestoredSection | undefined;
  try {
    await inTransaction(client, async () => {
      result = await restoreTenantOn(client, appUser, header, section, restored, options);
      if (options.rehearses) throw new Rehearsed();
    });
  } catch (error) {
    // Of a COMMIT that fails with the connection nobody knows whether the rows are there, so that files stay.
    if (!(error instanceof Rehearsed)) throw error;
  }
  return result!;
}

/**
 * Restores one tenant in the caller's transaction; see `restoreTenant`.
 * @throws as restoreTenant; the transaction must be rolled back then, and has no files left
 */
export async function restoreTenantOn(
  client: OwnerClient,
  appUser: string,
  header: BackupHeader,
  section: BackupSection,
  restored: RestoredTenant,
  options: RestoreSectionOptions,
): Promise<RestoredSection> {
  const { begin } = section;
  const { schema } = restored;
  const name = quoteIdentifier(checkSchemaName(schema));
  const files = readMigrations().tenant;
  const then = migrationsOf(header, begin, files);
  const since = files.slice(begin.migrations.length);
  const folder =
    options.mediaDirectory === null || options.rehearses
      ? null
      : new RestoredFiles(options.mediaDirectory, schema);
  try {
    // Other tenants may be created meanwhile, but no migration may change what this one is created from.
    await lockTenants(client, schema);
    await addTenantRows(client, begin.tenant!, restored);
    await ensureTenantRole(client, schema, appUser);
    await client.query(`CREATE SCHEMA ${name}; ${schemaRightsSql(schema)}`);
    await client.query(`SET LOCAL search_path TO ${name}, pg_temp`);
    const script = then.length === files.length ? readSnapshot(files) : null;
    for (const sql of script ? [script] : then.map((migration) => migration.sql)) await client.query(sql);
    await recordMigrations(client, schema, begin.migrations);
    await client.query(
      'UPDATE public.migration_ledger SET is_skipped = true WHERE scope = $1 AND number = ANY ($2::integer[])',
      [schema, begin.migrations.filter(({ isSkipped }) => isSkipped).map(({ number }) => number)],
    );
    const result = await load(client, schema, section, options, folder);
    for (const { sql } of since) await client.query(sql);
    await recordMigrations(client, schema, since);
    await options.adapt?.(client);
    await noteIncarnation(client, schema);
    await installCapture(client, schema, shippedCapture());
    await settleQueues(client, schema);
    return result;
  } catch (error) {
    await folder?.discard();
    throw error;
  }
}

/**
 * Restores what is nobody's in `public`, whose tables must be those of the backup, and runs `first` and `last` in the same
 * transaction.
 * @throws UnreadableBackupError, and what those throw; nothing is changed then
 */
export async function restorePublic(
  client: OwnerClient,
  section: BackupSection,
  options: Pick<RestoreSectionOptions, 'onRows'>,
  { first, last }: { readonly first: () => Promise<void>; readonly last: () => Promise<void> },
): Promise<RestoredSection> {
  return await inTransaction(client, async () => {
    await lockPublic(client);
    await first();
    const result = await load(client, PUBLIC, section, { ...options, mediaDirectory: null }, null);
    await last();
    return result;
  });
}

async function load(
  client: OwnerClient,
  schema: string,
  section: BackupSection,
  { onRows, onFiles }: RestoreSectionOptions,
  folder: RestoredFiles | null,
): Promise<RestoredSection> {
  const tables = await LoadedTables.prepare(client, schema, section.begin);
  let [loaded, files] = [0, 0];
  const receiver: SectionReceiver = {
    async onRows(table, rows) {
      loaded += await tables.add(table, rows);
      onRows?.(loaded);
    },
    ...(folder && {
      onFile: async (path, pieces) => {
        await folder.write(path, pieces);
        onFiles?.(++files);
      },
      onFilesCompared: () => folder.settle(),
    }),
  };
  const manifest = await section.read(receiver);
  await tables.finish(manifest);
  return { manifest, unknownTables: tables.unknown };
}
