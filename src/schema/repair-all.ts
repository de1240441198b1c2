import type { ConnectionSettings } from '../config/config.js';
import { type Migration, type MigrationFiles, readMigrations } from '../database/migration-files.js';
import { inTransaction, type OwnerClient, withOwner } from '../database/owner.js';
import { LIVES_HERE_IF_KNOWN } from '../database/served-tenants.js';
import { REPAIRABLE } from './catalogue-objects.js';
import type { Difference } from './differences.js';
import { readFingerprints } from './fingerprints.js';
import { type SchemaFailure, TENANTS_PER_CONNECTION } from './in-parallel.js';
import { inLockingTransaction, type LockWaits, lockPublic, lockTenants } from './locking.js';
import { ledgerOf, type MigrationScope } from './migration-state.js';
import { repairable, repairSchema } from './repair.js';
import { compareShared } from './shared-catalogue.js';
import { compareSchemas, type ReferenceSchema, readReference } from './tenant-catalogue.js';

export interface RepairReport {
  readonly repairs: number;
  readonly failures: readonly SchemaFailure[];
}

export interface RepairOptions {
  readonly files?: MigrationFiles;
  readonly lockWaits?: LockWaits | undefined;
  /** Only this tenant. */
  readonly only?: MigrationScope;
  /** Tenants that are left alone. */
  readonly without?: readonly MigrationScope[];
  /** Number of connections at once; 1 when not given. */
  readonly parallel?: number;
}

/**
 * Compares functions, triggers and rights of all up-to-date tenants with the program's own, and restores those that are
 * missing or were changed. A tenant that fails does not stop the others.
 */
export async function repairAll(
  owner: ConnectionSettings,
  appUser: string,
  { files = readMigrations(), lockWaits, only, without = [], parallel = 1 }: RepairOptions = {},
): Promise<RepairReport> {
  const failures: SchemaFailure[] = [];
  let repairs = 0;
  const [reference, tenants] = await withOwner(owner, async (client) => [
    await readReference(client, appUser, files.tenant),
    await tenantsUpToDate(client, files.tenant, only),
  ]);
  if (!reference) return { repairs, failures };
  const left = tenants.filter(({ schema }) => !without.includes(schema));
  const groups = await withOwner(owner, (client) => alikeGroups(client, left));
  const suspects = await suspectsAmong(groups, { owner, reference, parallel });
  await inBatches(owner, suspects, parallel, async (client, batch) => {
    const found = await differencesIn(client, batch, reference, failures);
    for (const [schema, differences] of found) {
      const error = await repairOne(client, schema, differences, reference, lockWaits);
      if (error) failures.push({ scope: schema, error });
      else repairs++;
    }
  });
  return { repairs, failures };
}

/** Groups tenants by their fingerprints. Each is alone where those cannot be read, as while one is dropped. */
async function alikeGroups(client: OwnerClient, tenants: readonly UpToDate[]): Promise<UpToDate[][]> {
  if (tenants.length < 2) return tenants.map((tenant) => [tenant]);
  const schemas = tenants.map(({ schema }) => schema);
  const fingerprints = await inTransaction(client, async () => {
    await client.query('SET TRANSACTION READ ONLY');
    return await readFingerprints(client, schemas);
  }).catch(() => new Map<string, string>());
  const groups = new Map<string, UpToDate[]>();
  for (const tenant of tenants) {
    const key = fingerprints.get(tenant.schema) ?? tenant.schema;
    const group = groups.get(key);
    if (group) group.push(tenant);
    else groups.set(key, [tenant]);
  }
  return [...groups.values()];
}

/** Compares one tenant of each group, and returns all tenants of the groups in which that one has lost something. */
async function suspectsAmong(
  groups: readonly (readonly UpToDate[])[],
  {
    owner,
    reference,
    parallel,
  }: {
    readonly owner: ConnectionSettings;
    readonly reference: ReferenceSchema;
    readonly parallel: number;
  },
): Promise<UpToDate[]> {
  // Whether a migration was skipped there says nothing about the others of its group.
  const firsts = groups.flatMap(([first]) => (first ? [{ ...first, skipped: false }] : []));
  const differing = new Set<string>();
  await inBatches(owner, firsts, parallel, async (client, batch) => {
    const unreadable: SchemaFailure[] = [];
    const found = await differencesIn(client, batch, reference, unreadable);
    for (const schema of [...found.keys(), ...unreadable.map(({ scope }) => scope)]) differing.add(schema);
  });
  return groups.filter(([first]) => first && differing.has(first.schema)).flat();
}

/** Works on tenants a few at a time, over as many connections at once. */
async function inBatches(
  owner: ConnectionSettings,
  tenants: readonly UpToDate[],
  parallel: number,
  work: (client: OwnerClient, batch: readonly UpToDate[]) => Promise<void>,
): Promise<void> {
  const batches = Array.from({ length: Math.ceil(tenants.length / TENANTS_PER_CONNECTION) }, (_, index) =>
    tenants.slice(index * TENANTS_PER_CONNECTION, (index + 1) * TENANTS_PER_CONNECTION),
  ).values();
  const takeTurns = async () => {
    for (const batch of batches) await withOwner(owner, (client) => work(client, batch));
  };
  await Promise.all(Array.from({ length: Math.min(parallel, tenants.length) }, takeTurns));
}

/** Compares these tenants with the reference. One whose catalogue cannot be read is added to `failures`. */
async function differencesIn(
  client: OwnerClient,
  batch: readonly UpToDate[],
  reference: ReferenceSchema,
  failures: SchemaFailure[],
): Promise<Map<string, Difference[]>> {
  const options = { reference, kinds: [...REPAIRABLE, 'constraint' as const] };
  const compare = (schemas: readonly string[]) => compareSchemas(client, schemas, options);
  const found = await compare(batch.map(({ schema }) => schema)).catch(async (error: Error) => {
    if (batch.length === 1) {
      failures.push({ scope: batch[0]!.schema, error });
      return new Map<string, Difference[]>();
    }
    const each = new Map<string, Difference[]>();
    for (const one of batch)
      for (const [schema, differences] of await differencesIn(client, [one], reference, failures))
        each.set(schema, differences);
    return each;
  });
  const skipped = new Set(batch.filter((one) => one.skipped).map(({ schema }) => schema));
  // After a skipped migration, the objects that it would have made are not missing.
  const left = [...found].map(([schema, differences]): [string, Difference[]] => [
    schema,
    repairable(differences).filter(({ what }) => !skipped.has(schema) || what === 'changed'),
  ]);
  return new Map(left.filter(([, differences]) => differences.length > 0));
}

async function repairOne(
  client: OwnerClient,
  schema: string,
  differences: readonly Difference[],
  reference: ReferenceSchema,
  waits: LockWaits | undefined,
): Promise<Error | null> {
  const repair = () => repairSchema(client, schema, differences, reference);
  const first = () => lockTenants(client, schema);
  return await inLockingTransaction(client, schema, repair, { first, waits }).then(
    () => null,
    (failure: Error) => failure,
  );
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
