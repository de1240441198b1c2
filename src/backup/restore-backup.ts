import type { ConnectionSettings } from '../config/config.js';
import { readMigrations } from '../database/migration-files.js';
import { type OwnerClient, withOwner } from '../database/owner.js';
import { migrateShared } from '../schema/migrator.js';
import { shortName } from '../tenancy/tenant-name.js';
import { BackupReader, type BackupSection } from './backup-reader.js';
import { PUBLIC, type Scope } from './format.js';
import { newestOfEach, openBackup } from './newest-backups.js';
import { type RestoredSection, restorePublic, restoreTenant } from './restore-section.js';
import {
  beginRestore,
  checkSharedTables,
  checkStillEmpty,
  checkTarget,
  endRestore,
  examineTarget,
  type RestoreTarget,
  restoringAlone,
  TargetError,
} from './restore-target.js';
import { migrationsOf } from './section-migrations.js';
import { isPresent, type RestoredTenant } from './tenant-rows.js';

export interface RestoreOptions {
  /** The folder that holds one folder of files per tenant; null to leave files out. */
  readonly mediaDirectory: string | null;
  /** See RestoredTenant. */
  readonly keepsLogins?: boolean;
  /** Restores one tenant and undoes it: nobody sees any of it. */
  readonly rehearses?: boolean;
  /** Called when a section begins, and now and then while its rows come. */
  readonly onProgress?: (progress: { scope: Scope; rows: number }) => void;
}

/** One tenant to restore, and the name that it gets. */
export interface WantedTenant {
  /** Its schema in the backup; null for the only one of it. */
  readonly schema: string | null;
  /** Another schema to restore it to, with the domains and name that it has there; null for the same. */
  readonly as: { readonly schema: string; readonly domains: readonly string[] } | null;
  /** Called in the transaction of a tenant that gets another name; see RestoreSectionOptions. */
  readonly adapt?: (client: OwnerClient, from: string) => Promise<void>;
}

/** The results of a restore. */
export interface RestoreReport {
  readonly id: string;
  /** ISO 8601, UTC: the moment whose state the last section had. */
  readonly snapshotAt: string;
  readonly scopes: readonly Scope[];
  /** Tenants that an interrupted run had restored. */
  readonly present: readonly Scope[];
  readonly rows: number;
  readonly files: number;
  /** Tables in the backup that are not the program's, with their schema; their rows were left out. */
  readonly unknownTables: readonly string[];
  /** Tenants that the folder of scheduled backups has no backup of. */
  readonly missing: readonly Scope[];
}

class Tally {
  constructor(readonly id: string) {}
  snapshotAt = '';
  readonly scopes: Scope[] = [];
  readonly present: Scope[] = [];
  rows = 0;
  files = 0;
  readonly unknownTables: string[] = [];
  readonly missing: readonly Scope[] = [];

  add({ begin }: BackupSection, { manifest, unknownTables }: RestoredSection, scope = begin.scope): void {
    this.snapshotAt = begin.snapshotAt;
    this.scopes.push(scope);
    this.rows += manifest.tables.reduce((sum, { rows }) => sum + rows, 0);
    this.files += manifest.files?.count ?? 0;
    this.unknownTables.push(...unknownTables.map((table) => `${begin.scope}.${table}`));
  }
}

/**
 * Restores a backup: a whole platform into an empty database, or one tenant beside others, which is all or nothing.
 * @param wanted the tenant to restore; null for everything in the backup
 * @throws TargetError, TenantPresentError, TenantExistsError, UnreadableBackupError, OtherVersionError; of a platform,
 * tenants restored before stay, and the next run with the same backup goes on after them
 */
export async function restoreBackup(
  owner: ConnectionSettings,
  appUser: string,
  source: AsyncIterable<Buffer>,
  wanted: WantedTenant | null,
  options: RestoreOptions,
): Promise<RestoreReport> {
  const reader = await BackupReader.open(source);
  const to = { owner, appUser };
  try {
    const isPlatform = wanted === null && reader.header.of === 'platform';
    if (isPlatform)
      return await restoringAlone(owner, async () => await restorePlatform([reader], to, options));
    return await restoreOneTenant(reader, to, wanted ?? { schema: null, as: null }, options);
  } finally {
    await reader.close();
  }
}

interface Destination {
  readonly owner: ConnectionSettings;
  readonly appUser: string;
}

/**
 * Restores a platform into an empty database from a folder of scheduled backups: the newest of `public`, then the newest
 * of each tenant. As with one file, an interrupted run is continued by the next.
 * @throws as restoreBackup; TargetError where the folder does not have a backup of `public`
 */
export async function restoreFolder(
  owner: ConnectionSettings,
  appUser: string,
  directory: string,
  options: RestoreOptions,
): Promise<RestoreReport> {
  const { files, missing } = await newestOfEach(directory);
  async function* readers() {
    for (const file of files) {
      const reader = await BackupReader.open(openBackup(file));
      try {
        yield reader;
      } finally {
        await reader.close();
      }
    }
  }
  const restore = () => restorePlatform(readers(), { owner, appUser }, options);
  return { ...(await restoringAlone(owner, restore)), missing };
}

/**
 * Restores `public`, and the note that a restore has begun, in one transaction, then each tenant in one of its own.
 * @param readers the first one begins with `public`
 */
async function restorePlatform(
  readers: Iterable<BackupReader> | AsyncIterable<BackupReader>,
  { owner, appUser }: Destination,
  options: RestoreOptions,
): Promise<RestoreReport> {
  let run: { readonly tally: Tally; readonly target: RestoreTarget } | undefined;
  for await (const reader of readers) {
    const { id } = reader.header;
    if (!run) {
      run = { tally: new Tally(id), target: await examineTarget(owner) };
      checkTarget(run.target, id);
    }
    const { tally, target } = run;
    for (let section = await reader.next(); section; section = await reader.next()) {
      const open = section;
      await withOwner(owner, (client) =>
        restoreAny(reader, open, { client, appUser }, target, tally, options),
      );
    }
  }
  await withOwner(owner, endRestore);
  return run!.tally;
}

/** Restores a section, unless an interrupted run has. */
async function restoreAny(
  reader: BackupReader,
  section: BackupSection,
  { client, appUser }: { readonly client: OwnerClient; readonly appUser: string },
  target: RestoreTarget,
  tally: Tally,
  { mediaDirectory, keepsLogins = false, onProgress }: RestoreOptions,
): Promise<void> {
  const { scope } = section.begin;
  const onRows = (rows: number) => onProgress?.({ scope, rows });
  onRows(0);
  if (scope === PUBLIC) {
    const restored = await restoreShared(reader, section, client, appUser, target, onRows);
    if (restored) tally.add(section, restored);
  } else if (await isPresent(client, scope)) {
    tally.present.push(scope);
  } else {
    const same: RestoredTenant = { schema: scope, domains: null, name: null, keepsLogins };
    const how = { mediaDirectory, onRows };
    tally.add(section, await restoreTenant(client, appUser, reader.header, section, same, how));
  }
}

/** Restores `public`, unless an interrupted run has. */
async function restoreShared(
  { header }: BackupReader,
  section: BackupSection,
  client: OwnerClient,
  appUser: string,
  target: RestoreTarget,
  onRows: (rows: number) => void,
): Promise<RestoredSection | null> {
  const files = readMigrations();
  let restored: RestoredSection | null = null;
  if (!target.unfinished) {
    const then = migrationsOf(header, section.begin, files.shared);
    if (target.shared > then.length)
      throw new TargetError(
        'the database has the tables of a newer version than the backup; restore into one without tables: set LEOPARD_DATA_DIR, or DB_NAME, to a new one',
      );
    await migrateShared(client, appUser, { ...files, shared: then });
    restored = await restorePublic(
      client,
      section,
      { onRows },
      {
        first: () => checkStillEmpty(client, header.id),
        last: () => beginRestore(client, header.id),
      },
    );
  }
  await migrateShared(client, appUser, files);
  return restored;
}

async function restoreOneTenant(
  reader: BackupReader,
  { owner, appUser }: Destination,
  wanted: WantedTenant,
  options: RestoreOptions,
): Promise<RestoreReport> {
  const { header } = reader;
  const tally = new Tally(header.id);
  const section = await findTenant(reader, wanted.schema);
  const from = section.begin.scope;
  const { as } = wanted;
  const isRenamed = as !== null && as.schema !== from;
  const restored: RestoredTenant = {
    schema: as?.schema ?? from,
    domains: isRenamed ? as.domains : null,
    name: isRenamed ? nameAs(section.begin.tenant!.name, as.schema) : null,
    keepsLogins: options.keepsLogins ?? false,
  };
  const { shared } = await examineTarget(owner);
  if (shared > 0) checkSharedTables(shared);
  await withOwner(owner, async (client) => {
    if (shared === 0) await migrateShared(client, appUser);
    const result = await restoreTenant(client, appUser, header, section, restored, {
      mediaDirectory: options.mediaDirectory,
      rehearses: options.rehearses ?? false,
      onRows: (rows) => options.onProgress?.({ scope: restored.schema, rows }),
      ...(isRenamed && { adapt: async (owned) => await wanted.adapt?.(owned, from) }),
    });
    tally.add(section, result, restored.schema);
  });
  return tally;
}

/** Skips to the section of a tenant. @throws TargetError naming the tenants that the backup holds */
export async function findTenant(reader: BackupReader, schema: string | null): Promise<BackupSection> {
  const held: string[] = [];
  if (schema === null && reader.header.of !== 'tenant')
    throw new TargetError(
      reader.header.of === 'platform'
        ? 'the backup is of a whole platform; name the tenant with --schema'
        : 'the backup is of the shared tables alone, which are restored together with the tenants; name its folder',
    );
  for (let section = await reader.next(); section; section = await reader.next()) {
    const { scope } = section.begin;
    if (scope === PUBLIC) continue;
    if (scope === (schema ?? scope)) return section;
    held.push(shortName(scope));
  }
  const named = held.slice(0, 20).join(', ');
  throw new TargetError(
    `the backup does not hold ${schema}; it holds ${named || 'no tenant'}${held.length > 20 ? ` and ${held.length - 20} more` : ''}`,
  );
}

const LONGEST_NAME = 200;

/** Returns the name of an agency that exists a second time; names are unique. */
export function nameAs(name: string, schema: string): string {
  const suffix = ` (${shortName(schema)})`;
  return name.slice(0, LONGEST_NAME - suffix.length) + suffix;
}
