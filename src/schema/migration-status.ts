import { type MigrationFiles, readMigrations } from '../database/migration-files.js';
import type { OwnerClient } from '../database/owner.js';
import { LIVES_HERE_IF_KNOWN } from '../database/served-tenants.js';
import { shippedCapture } from '../events/capture/capture.js';
import { type NotedFailure, notedFailures } from './migration-failures.js';
import { fileName, migrationState } from './migration-state.js';

/** A tenant to which not everything is applied. */
interface TenantBehind {
  readonly schema: string;
  /** Number of pending migrations; 0 where only the capture of events is to be renewed. */
  readonly pending: number;
  /** The first pending migration, such as `0003_clients`; null where none is. */
  readonly next: string | null;
}

/** The state of the migrations of one database. */
export interface MigrationStatus {
  /** Number of pending migrations of schema `public`. */
  readonly public_pending: number;
  readonly tenants: number;
  readonly behind: readonly TenantBehind[];
  /** Tenants that could not be migrated when that was last tried. */
  readonly failures: readonly NotedFailure[];
}

const UNDEFINED_TABLE = '42P01';

/**
 * Finds out which tenants of this database lack migrations, and which failed in the last run.
 * @throws MigrationChangedError
 */
export async function migrationStatus(
  client: OwnerClient,
  appUser: string,
  files: MigrationFiles = readMigrations(),
): Promise<MigrationStatus> {
  const state = await migrationState(client, appUser, files, shippedCapture().checksum);
  const behind = new Map<string, TenantBehind>();
  for (const { scope, ...migration } of state.pending) {
    const known = behind.get(scope);
    const next = known?.next ?? fileName(migration);
    behind.set(scope, { schema: scope, pending: (known?.pending ?? 0) + 1, next });
  }
  for (const { scope, isNewer } of state.captures)
    if (!isNewer && !behind.has(scope)) behind.set(scope, { schema: scope, pending: 0, next: null });
  const publicPending = behind.get('shared')?.pending ?? 0;
  behind.delete('shared');
  return {
    public_pending: publicPending,
    tenants: await countTenants(client),
    behind: [...behind.values()],
    failures: await notedFailures(client),
  };
}

async function countTenants(client: OwnerClient): Promise<number> {
  const { rows } = await client
    .query<{ tenants: number }>(
      `SELECT count(*)::integer AS tenants FROM public.tenants_tenant t WHERE ${LIVES_HERE_IF_KNOWN}`,
    )
    .catch((error: { code?: string }) => {
      if (error.code !== UNDEFINED_TABLE) throw error;
      return { rows: [] };
    });
  return rows[0]?.tenants ?? 0;
}
