import { type Migration, type MigrationFiles, readMigrations } from '../../database/migration-files.js';
import type { OwnerClient } from '../../database/owner.js';
import { LIVES_HERE_IF_KNOWN } from '../../database/served-tenants.js';
import { type Capture, shippedCapture } from '../../events/capture/capture.js';
import { fileName, MigrationChangedError, type MigrationState, migrationState } from '../migration-state.js';
import { isNamedBreaking, newerMigrations } from '../newer-migrations.js';
import type { BreakingChange } from './breaking-changes.js';
import { type Estimate, estimate } from './estimate.js';
import { BLOCKS, type TableEffect } from './table-effects.js';
import { readTableSizes, type TableSizes } from './table-sizes.js';
import { type TrialStep, tryMigrations } from './trial.js';

/** A pending migration, or the renewal of the capture of events, with its measured and estimated effects. */
export interface PlannedStep {
  readonly scope: 'public' | 'tenants';
  /** The file's name without extension, or `capture of events`. */
  readonly name: string;
  /** Number of schemas that it will be applied to. */
  readonly schemas: number;
  /** Whether its name says that older versions cannot work with it. */
  readonly named_breaking: boolean;
  /** Changes that older versions may fail on, found by comparing the schema before and after it. */
  readonly breaks: readonly BreakingChange[];
  readonly tables: readonly PlannedTable[];
  readonly estimate: Estimate;
}

/** A table that a step locks, or whose rows it works through. */
interface PlannedTable {
  readonly table: string;
  readonly lock: TableEffect['lock'];
  /** The work of others that waits as long as the lock is held; null for none. */
  readonly waits: 'reads and writes' | 'writes' | 'schema changes' | null;
  readonly work: TableEffect['work'];
  /** Size of the rows in all schemas, in bytes. */
  readonly bytes: number;
}

/** The changes that a start of this version, or `migrate`, would make to a database. */
export interface UpgradePlan {
  readonly tenants: number;
  readonly steps: readonly PlannedStep[];
  /** Number of tenants whose capture of events would be renewed. */
  readonly captures: number;
  /** Migrations of a newer version of the program that are applied already; null for none. */
  readonly newer: { readonly count: number; readonly last: string } | null;
  /** Why the steps have no effects and estimates; null where they were tried. */
  readonly untried: string | null;
}

/** Maximum number of differing sets of pending migrations that are tried. */
const MOST_TRIALS = 3;
const NO_ESTIMATE: Estimate = { seconds: 0, longest: 0, stays: 0, temporary: 0, log: 0 };

export interface PlanOptions {
  readonly files?: MigrationFiles;
  readonly capture?: Capture;
  /** Why the client's role cannot try the migrations; null where it can. */
  readonly untried?: string | null;
}

/**
 * Finds out what an upgrade would do. Pending migrations are carried out on empty copies of the schemas; the tables
 * themselves are only measured.
 * @throws MigrationChangedError, DatabaseTooNewError; TrialFailedError where a migration fails on this server
 */
export async function planUpgrade(
  client: OwnerClient,
  appUser: string,
  options: PlanOptions = {},
): Promise<UpgradePlan> {
  const { files = readMigrations(), capture = shippedCapture() } = options;
  const newer = await newerMigrations(client, files);
  const state = await migrationState(client, appUser, files, capture.checksum);
  if (state.changed.length > 0) throw new MigrationChangedError(state.changed);
  const isNew = state.pending[0]?.scope === 'shared' && state.pending[0].number === 1;
  const tenants = isNew ? [] : await tenantsOf(client);
  const outdated = state.captures.filter(({ isNewer }) => !isNewer).map(({ scope }) => scope);
  const untried = isNew
    ? 'the database is empty, so that nothing waits for anything'
    : (options.untried ?? null);
  const groups = groupsOf(state, tenants, outdated, untried ? new Map() : await skippedOf(client));
  const steps: PlannedStep[] = [];
  for (const [index, group] of groups.entries()) {
    const isTried = untried === null && index < MOST_TRIALS;
    steps.push(...(await stepsOf(client, files, capture, group, isTried)));
  }
  const tooMany =
    groups.length > MOST_TRIALS ? `only the ${MOST_TRIALS} largest groups of tenants were tried` : null;
  return { tenants: tenants.length, steps, captures: outdated.length, newer, untried: untried ?? tooMany };
}

/** Schemas in which the same is pending. */
interface Group {
  readonly schemas: readonly string[];
  readonly shared: ReadonlySet<number>;
  readonly tenant: ReadonlySet<number>;
  readonly skipped: ReadonlySet<number>;
  readonly capture: boolean;
}

/** Returns the groups, `public` first; its pending migrations belong to every trial of tenants' ones. */
function groupsOf(
  { pending }: MigrationState,
  tenants: readonly string[],
  outdated: readonly string[],
  skipped: ReadonlyMap<string, readonly number[]>,
): Group[] {
  const numbersOf = (scope: string) =>
    pending.filter((one) => one.scope === scope).map(({ number }) => number);
  const shared = new Set(numbersOf('shared'));
  const byKey = new Map<string, string[]>();
  for (const schema of tenants) {
    const capture = outdated.includes(schema);
    const numbers = numbersOf(schema);
    if (numbers.length === 0 && !capture) continue;
    const key = JSON.stringify([numbers, skipped.get(schema) ?? [], capture]);
    byKey.set(key, [...(byKey.get(key) ?? []), schema]);
  }
  const groups = [...byKey]
    .map(([key, schemas]): Group => {
      const [numbers, left, capture] = JSON.parse(key) as [number[], number[], boolean];
      return { schemas, shared, tenant: new Set(numbers), skipped: new Set(left), capture };
    })
    .sort((a, b) => b.schemas.length - a.schemas.length);
  const ofPublic = {
    schemas: [],
    shared,
    tenant: new Set<number>(),
    skipped: new Set<number>(),
    capture: false,
  };
  return shared.size > 0 ? [ofPublic, ...groups] : groups;
}

async function stepsOf(
  client: OwnerClient,
  files: MigrationFiles,
  capture: Capture,
  group: Group,
  isTried: boolean,
): Promise<PlannedStep[]> {
  const isOfPublic = group.schemas.length === 0;
  const kind = isOfPublic ? 'shared' : 'tenant';
  const pending = [
    ...files.shared.filter(({ number }) => group.shared.has(number)),
    ...files.tenant.filter(({ number }) => group.tenant.has(number)),
  ];
  if (!isTried)
    return pending
      .filter((migration) => migration.kind === kind)
      .map((migration) => untriedStep(migration, group));
  const isApplied = (migration: Migration) =>
    !pending.includes(migration) && !(migration.kind === 'tenant' && group.skipped.has(migration.number));
  const applied = [...files.shared, ...(isOfPublic ? [] : files.tenant)].filter(isApplied);
  const steps = await tryMigrations(client, { applied, pending, capture: group.capture ? capture : null });
  const own = steps.filter((step) => step.kind === kind);
  const schemas = isOfPublic ? ['public'] : group.schemas;
  const names = own.flatMap(({ tables }) => tables.filter(({ work }) => work).map(({ table }) => table));
  const sizes = names.length > 0 ? await readTableSizes(client, schemas, [...new Set(names)]) : new Map();
  return own.map((step) => plannedStep(step, schemas.length, sizes));
}

function plannedStep(
  { kind, name, tables, breaking, ms }: TrialStep,
  schemas: number,
  sizes: ReadonlyMap<string, TableSizes>,
): PlannedStep {
  return {
    scope: kind === 'shared' ? 'public' : 'tenants',
    name,
    schemas,
    named_breaking: isNamedBreaking(name),
    breaks: breaking,
    tables: tables.map(({ schema, table, lock, work }) => ({
      table: schema === 'public' && kind === 'tenant' ? `public.${table}` : table,
      lock,
      waits: lock && BLOCKS[lock],
      work,
      bytes: sizes.get(table)?.rows ?? 0,
    })),
    estimate: estimate(ms, schemas, tables, sizes),
  };
}

function untriedStep(migration: Migration, { schemas }: Group): PlannedStep {
  const name = fileName(migration);
  const isShared = migration.kind === 'shared';
  return {
    scope: isShared ? 'public' : 'tenants',
    name,
    schemas: isShared ? 1 : schemas.length,
    named_breaking: isNamedBreaking(name),
    breaks: [],
    tables: [],
    estimate: NO_ESTIMATE,
  };
}

async function tenantsOf(client: OwnerClient): Promise<string[]> {
  const { rows } = await client.query<{ schema: string }>(
    `SELECT schema_name AS schema FROM public.tenants_tenant t WHERE ${LIVES_HERE_IF_KNOWN} ORDER BY id`,
  );
  return rows.map(({ schema }) => schema);
}

async function skippedOf(client: OwnerClient): Promise<Map<string, number[]>> {
  const { rows } = await client.query<{ scope: string; numbers: number[] }>(
    `SELECT scope, array_agg(number ORDER BY number) AS numbers FROM public.migration_ledger l
     WHERE (to_jsonb(l) ->> 'is_skipped')::boolean GROUP BY scope`,
  );
  return new Map(rows.map(({ scope, numbers }) => [scope, numbers]));
}

/** Returns why processes of the version before this one could not go on beside it; nothing if they can. */
export function reasonsToStopOlder({ steps }: UpgradePlan): string[] {
  return steps.flatMap(({ name, named_breaking, breaks }) =>
    named_breaking
      ? [`${name}: its name says that older versions cannot work with it`]
      : breaks.map(({ object, what }) => `${name}: ${object} ${what}`),
  );
}
