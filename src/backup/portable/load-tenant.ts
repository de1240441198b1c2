import { type OwnerClient, withOwner } from '../../database/owner.js';
import { ownDomains } from '../../provisioning/create-tenant.js';
import { homeIn, removeMade } from '../../provisioning/made-in-cell.js';
import { dropTenantSchema } from '../../provisioning/tenant-schema.js';
import { removeTenantFiles } from '../../storage/tenant-files.js';
import { shortName } from '../../tenancy/tenant-name.js';
import { BackupReader } from '../backup-reader.js';
import { adaptRenamed, bindToName, silence } from '../renamed-tenant.js';
import { findTenant, nameAs } from '../restore-backup.js';
import { restoreTenantOn } from '../restore-section.js';
import { checkSharedTables } from '../restore-target.js';
import { readLedger } from '../tables.js';
import type { PortableSurroundings } from './surroundings.js';

/** The tenant that a file, or another tenant, is loaded into. */
export interface LoadTarget {
  readonly schema: string;
  /** Its domains, the primary one first; null for those of the file, if it holds any. */
  readonly domains: readonly string[] | null;
  /** Whether log-ins that the file holds stay valid; see RestoredTenant. */
  readonly keepsLogins?: boolean;
  /** Whether its webhooks and e-mails stay switched on, and what waits to be sent waits on. */
  readonly keepsSending?: boolean;
  /** Whether it is switched off: nobody is answered, and nothing is done for it. */
  readonly isOff?: boolean;
  /** The schema whose name its rows and secrets go on to hold, because it gets that name later; null for its own. */
  readonly boundTo?: string | null;
  /** The id of its row, where the catalogue is another database; the next one when not given. */
  readonly id?: string | null;
  readonly withFiles: boolean;
}

/** The tenant as it was loaded. */
export interface LoadedTenant {
  /** The id of its row, by which later steps know it again. */
  readonly tenantId: string;
  /** ISO 8601, UTC: the moment whose state it has. */
  readonly snapshotAt: string;
  readonly rows: number;
  /** Null where files were left out. */
  readonly files: number | null;
  /** Tables in the file that are not the program's; their rows were left out. */
  readonly unknownTables: readonly string[];
  /** Number of secrets of second factors that none of the program's keys opens. */
  readonly unreadableSecrets: number;
  /** Number of rows of each table that has any. */
  readonly tables: Readonly<Record<string, number>>;
}

/**
 * Loads one tenant in the caller's transaction, in the database of the cell in which it will live. No events,
 * notifications or mails are made: triggers are off while rows come.
 * @param wanted its schema in the file; null for the only one of it
 * @throws UnreadableBackupError, OtherVersionError, TenantPresentError, TenantExistsError, TargetError; the transaction must
 * be rolled back then
 */
export async function loadTenant(
  client: OwnerClient,
  { appUser, hosts, mediaDirectory, secrets }: Omit<PortableSurroundings, 'owner'>,
  source: AsyncIterable<Buffer>,
  wanted: string | null,
  target: LoadTarget,
  onProgress: (progress: { readonly rows: number; readonly files: number }) => void,
): Promise<LoadedTenant> {
  const reader = await BackupReader.open(source);
  try {
    checkSharedTables((await readLedger(client, 'shared')).length);
    const section = await findTenant(reader, wanted);
    const { scope: from, tenant, snapshotAt } = section.begin;
    const own = ownDomains(shortName(target.schema), hosts);
    const { schema, domains, keepsLogins = false, keepsSending = false, isOff = false, id = null } = target;
    const isRenamed = schema !== from;
    let [rows, files, unreadableSecrets] = [0, 0, 0];
    const { manifest, unknownTables } = await restoreTenantOn(
      client,
      appUser,
      reader.header,
      section,
      {
        schema,
        domains: domains ?? (tenant!.domains.length > 0 ? null : own),
        name: isRenamed ? nameAs(tenant!.name, schema) : null,
        keepsLogins,
        isOff,
        id,
      },
      {
        mediaDirectory: target.withFiles ? mediaDirectory : null,
        onRows(loaded) {
          rows = loaded;
          onProgress({ rows, files });
        },
        onFiles(written) {
          files = written;
          onProgress({ rows, files });
        },
        async adapt(owned) {
          const renaming = { from, to: target.boundTo ?? schema, secrets };
          const isBound = renaming.to === from;
          if (!keepsSending && !isBound) unreadableSecrets = await adaptRenamed(owned, renaming);
          else if (!keepsSending) await silence(owned, schema);
          else if (!isBound) unreadableSecrets = await bindToName(owned, renaming);
        },
      },
    );
    // The end of a file of one tenant is near, and shows that it is complete.
    if (reader.header.of === 'tenant') while (await reader.next());
    return {
      tenantId: (await idOf(client, schema))!,
      snapshotAt,
      rows: manifest.tables.reduce((sum, table) => sum + table.rows, 0),
      files: manifest.files?.count ?? null,
      unknownTables,
      unreadableSecrets,
      tables: Object.fromEntries(
        manifest.tables.filter((table) => table.rows > 0).map((table) => [table.name, table.rows]),
      ),
    };
  } finally {
    await reader.close();
  }
}

/**
 * Removes what a load into a cell left; see `unloadTenant`.
 * @param cell the name of the cell; null for the catalogue's own database
 */
export async function unloadIn(
  { handle, mediaDirectory }: PortableSurroundings,
  { schema, cell }: { readonly schema: string; readonly cell: string | null },
  notes: Partial<Pick<LoadedTenant, 'tenantId'> & { hadFiles: boolean; reservedId: string }>,
): Promise<void> {
  const home = homeIn(handle, cell);
  const { hadFiles, reservedId, tenantId = reservedId } = notes;
  if (home.isElsewhere && reservedId !== undefined) await removeMade(home, schema, reservedId);
  await unloadTenant({ owner: home.owner, mediaDirectory }, schema, { tenantId, hadFiles });
}

/**
 * Removes what a load left: the tenant with this id, or only the files of one that was not committed. Another tenant of
 * the same name stays as it is.
 * @param hadFiles whether there was a folder of files before, which stays then
 */
async function unloadTenant(
  { owner, mediaDirectory }: Pick<PortableSurroundings, 'owner' | 'mediaDirectory'>,
  schema: string,
  { tenantId, hadFiles }: { readonly tenantId?: string | undefined; readonly hadFiles?: boolean | undefined },
): Promise<void> {
  const present = await withOwner(owner, (client) => idOf(client, schema));
  if (present !== null && present !== tenantId) return;
  if (present !== null) await dropTenantSchema(owner, schema);
  if (hadFiles === false) await removeTenantFiles(mediaDirectory, schema);
}

/** Returns the id of a tenant's row; null for none. */
export async function idOf(client: OwnerClient, schema: string): Promise<string | null> {
  const { rows } = await client.query<{ id: string }>(
    'SELECT id::text AS id FROM public.tenants_tenant WHERE schema_name = $1',
    [schema],
  );
  return rows[0]?.id ?? null;
}
