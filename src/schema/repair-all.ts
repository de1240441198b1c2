import type { ConnectionSettings } from '../config/config.js';
import { type Migration, type MigrationFiles, readMigrations } from '../database/migration-files.js';
import { type OwnerClient, withOwner } from '../database/owner.js';
import { LIVES_HERE_IF_KNOWN } from '../database/served-tenants.js';
import { REPAIRABLE } from './catalogue-objects.js';
import { inLockingTransaction, type LockWaits, lockPublic, lockTenants } from './locking.js';
import { ledgerOf, type MigrationScope } from './migration-state.js';
import { repairable, repairSchema } from './repair.js';
import { compareShared } from './shared-catalogue.js';
import { compareSchemas, readReference } from './tenant-catalogue.js';

/** Number of tenants per connection: a backend caches each tenant's tables, so a long run needs a fresh one at times. */
export const TENANTS_PER_CONNECTION = 25;

export interface RepairReport {
  readonly repairs: number;
  readonly failures: readonly { readonly scope: MigrationScope; readonly error: Error }[];
}

export interface RepairOptions {
  readonly files?: MigrationFiles;
  readonly lockWaits?: LockWaits | undefined;
  /** Only this tenant. */
  readonly only?: MigrationScope;
}

/**
 * Compares functions, triggers and rights of all up-to-date tenants with the program's own, and restores those that are
 * missing or were changed. A tenant that fails does not stop the others.
 */
export async function repairAll(
  owner: ConnectionSettings,
  appUser: string,
  { files = readMigrations(), lockWaits, only }: RepairOptions = {},
): Promise<RepairReport> {
  const failures: RepairReport['failures'][number][] = [];
  let repairs = 0;
  const [reference, tenants] = await withOwner(owner, async (client) => [
    await readReference(client, appUser, files.tenant),
    await tenantsUpToDate(client, files.tenant, only),
  ]);
  if (!reference) return { repairs, failures };
  for (let first = 0; first < tenants.length; first += TENANTS_PER_CONNECTION) {
    const batch = tenants.slice(first, first + TENANTS_PER_CONNECTION);
    await withOwner(owner, async (client) => {
      const schemas = batch.map(({ schema }) => schema);
      const found = await compareSchemas(client, schemas, {
        reference,
        kinds: [...REPAIRABLE, 'constraint'],
      });
      for (const { schema, skipped } of batch) {
        // After a skipped migration, the objects that it would have made are not missing.
        const differences = repairable(found.get(schema) ?? []).filter(
          ({ what }) => !skipped || what === 'changed',
        );
        if (differences.length === 0) continue;
        const repair = () => repairSchema(client, schema, differences, reference);
        const error = await inLockingTransaction(client, schema, repair, {
          first: () => lockTenants(client, schema),
          waits: lockWaits,
        }).then(
          () => null,
          (failure: Error) => failure,
        );
        if (error) failures.push({ scope: schema, error });
        else repairs++;
      }
    });
  }
  return { repairs, failures };
}

/**
 * Restores the functions, triggers and rights of schema `public`, unless a newer version of the program has changed it.
 * @returns whether something had to be restored
 */
export async function repairShared(
  owner: ConnectionSettings,
  appUser: string,
  { files = readMigrations(), lockWaits }: RepairOptions = {},
): Promise<boolean> {
  return await withOwner(owner, async (client) => {
    if ((await ledgerOf(client, 'shared')).size !== files.shared.length) return false;
    const { differences, reference } = await compareShared(client, appUser, files.shared);
    const left = repairable(differences);
    if (left.length === 0) return false;
    const repair = () => repairSchema(client, 'public', left, reference);
    await inLockingTransaction(client, 'shared', repair, {
      first: () => lockPublic(client),
      waits: lockWaits,
    });
    return true;
  });
}

/** A tenant whose schema exists and to which all of these migrations were applied. */
export interface UpToDate {
  readonly schema: string;
  /** True if one of them was skipped there. */
  readonly skipped: boolean;
}

/** Returns the tenants that can be compared with the reference: neither behind nor of a newer version of the program. */
export async function tenantsUpToDate(
  client: OwnerClient,
  migrations: readonly Migration[],
  only: MigrationScope | null = null,
): Promise<UpToDate[]> {
  const { rows } = await client.query<UpToDate>(
    `SELECT t.schema_name AS schema, bool_or(l.is_skipped) AS skipped
     FROM public.tenants_tenant t
     JOIN pg_catalog.pg_namespace n ON n.nspname = t.schema_name
     JOIN public.migration_ledger l ON l.scope = t.schema_name AND l.number <= $1
     WHERE ${LIVES_HERE_IF_KNOWN} AND ($2::text IS NULL OR t.schema_name = $2)
       AND NOT EXISTS (
         SELECT FROM public.migration_ledger newer WHERE newer.scope = t.schema_name AND newer.number > $1)
     GROUP BY t.id HAVING count(*) = $1
     ORDER BY t.id`,
    [migrations.length, only],
  );
  return rows;
}
