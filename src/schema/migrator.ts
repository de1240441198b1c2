import type { ConnectionSettings } from '../config/config.js';
import { type MigrationFiles, readMigrations } from '../database/migration-files.js';
import { type OwnerClient, withOwner } from '../database/owner.js';
import { LIVES_HERE_IF_KNOWN } from '../database/served-tenants.js';
import type { Capture } from '../events/capture/capture.js';
import { checkCapture } from '../events/capture/check.js';
import { PlainError } from '../platform/plain-error.js';
import { mendAccess } from './access/mend.js';
import { runInParallel, type SchemaFailure, type Turn } from './in-parallel.js';
import { isWorthRetrying } from './locking.js';
import { forgetFailure, keepFailures, noteFailure } from './migration-failures.js';
import { type MigrationScope, migrationState } from './migration-state.js';
import { checkOwnership } from './repair.js';
import { repairAll, repairShared } from './repair-all.js';
import {
  captureFor,
  grantToProgram,
  migrateShared,
  migrateTenant,
  type TenantMigrateOptions,
} from './tenant-migration.js';

export { appliedMigrations, pendingCaptures, pendingMigrations } from './migration-state.js';
export {
  captureFor,
  migrateShared,
  migrateTenant,
  recordMigrations,
  type TenantMigrateOptions,
} from './tenant-migration.js';

/** Called when a scope is done, well or not; `total` counts the scopes with something to do. */
type OnMigrated = (progress: { scope: MigrationScope; done: number; total: number; error?: Error }) => void;

export interface MigrateOptions extends TenantMigrateOptions {
  readonly onProgress?: OnMigrated;
  /** Called before the first change, with the number of scopes to migrate that are known by then. */
  readonly onBegin?: (total: number) => void;
  /** Called when a tenant is put off to the end of the run, because its tables are in use or another process has it. */
  readonly onPutOff?: (failure: SchemaFailure) => void;
  /** Number of tenants that are migrated at once, each on a connection of its own; 1 when not given. */
  readonly parallel?: number;
  /** Schemas of tenants that are migrated before all others, which are left alone if one of these fails. */
  readonly canaries?: readonly MigrationScope[];
  /** Only the canaries. */
  readonly canariesOnly?: boolean;
  /**
   * False to apply only what is pending, and to leave out the comparison of all tenants' functions, triggers and rights
   * with the program's own, which takes most of the time.
   */
  readonly examines?: boolean;
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
  readonly failures: readonly SchemaFailure[];
  /** Number of tenants that were not begun, since a canary failed. */
  readonly notBegun?: number;
}

/**
 * Applies everything pending, `public` first, then tenant by tenant, and brings the capture of events up to date.
 * Except at a start, it also restores functions, triggers and privileges that a tenant has lost. A start needs only one
 * query to see that nothing is pending. A tenant that fails does not stop the others, unless it is a canary. Several
 * processes may do this at once and share the tenants; one that is killed leaves its part to the next run.
 * @throws MigrationChangedError and MigrationFailedError of shared migrations, ServerTooOldError, PlainError about the
 * program's role, the owner of schema `public` or an unknown canary
 */
export async function migrateAll(
  owner: ConnectionSettings,
  appUser: string,
  options: MigrateOptions = {},
): Promise<MigrationReport> {
  const files = options.files ?? readMigrations();
  const capture = captureFor(options);
  const { parallel = 1, canaries = [], lockWaits, onStep } = options;
  const run = new Run(appUser, { ...options, files, capture });
  const { isSharedPending, todo, foreign } = await run.begin(owner);
  const inParallel = { parallel, onPutOff: options.onPutOff, onDone: run.done };
  const work = (client: OwnerClient, turn: Turn) => run.migrate(client, turn);
  if (isSharedPending) run.done('shared');
  const first = todo.filter((schema) => canaries.includes(schema));
  const others = options.canariesOnly ? [] : todo.filter((schema) => !canaries.includes(schema));
  const failures = [...foreign, ...(await runInParallel(owner, first, work, inParallel))];
  if (failures.some(({ scope }) => canaries.includes(scope)))
    return { ...run.report(), failures, notBegun: others.length };
  failures.push(...(await runInParallel(owner, others, work, inParallel)));
  await onStep?.('examining', 'shared');
  let repairs = 0;
  const mended: string[] = [];
  // A start checks no more than necessary; the state above reveals privileges that the whole database lacks.
  if (capture && isExamining(options) && !options.canariesOnly) {
    await withOwner(owner, (client) => grantToProgram(client, appUser, files));
    mended.push(...(await mendAccess(owner, appUser)));
    if (await repairShared(owner, appUser, { files, lockWaits }))
      mended.push('functions, triggers or rights of public were not the program’s');
    const left = failures.map(({ scope }) => scope);
    const repaired = await repairAll(owner, appUser, { files, lockWaits, parallel, without: left });
    repairs = repaired.repairs;
    failures.push(...repaired.failures);
    await withOwner(owner, (client) => keepFailures(client, failures));
  }
  return { ...run.report(), repairs, mended, failures };
}

interface RunOptions extends MigrateOptions {
  readonly files: MigrationFiles;
  readonly capture: Capture | null;
}

const isExamining = ({ keepNewerCapture, examines = true }: MigrateOptions) => !keepNewerCapture && examines;

/** One run of `migrateAll`: its work, and its results so far. */
class Run {
  readonly #appUser: string;
  readonly #options: RunOptions;
  #applied = 0;
  #captures = 0;
  #newerCaptures = 0;
  #done = 0;
  #failed = 0;
  #total = 0;
  /** Tenants that have something to do other than to apply migrations, which another process may have done meanwhile. */
  #others: ReadonlySet<MigrationScope> = new Set();
  /** Tenants whose actual capture of events is not the recorded one. */
  #broken: ReadonlySet<MigrationScope> = new Set();

  constructor(appUser: string, options: RunOptions) {
    this.#appUser = appUser;
    this.#options = options;
  }

  /** Finds out what is to be done, and migrates schema `public`. */
  async begin(
    owner: ConnectionSettings,
  ): Promise<{ isSharedPending: boolean; todo: string[]; foreign: SchemaFailure[] }> {
    const { files, canaries = [], onBegin, onStep } = this.#options;
    return await withOwner(owner, async (client) => {
      const foreign = isExamining(this.#options) ? await checkOwnership(client, owner.user) : [];
      await checkCanaries(client, canaries);
      let todo = await this.#scopesToDo(client);
      if (todo.length > 0) onBegin?.(todo.length);
      const isSharedPending = todo.includes('shared');
      if (isSharedPending) {
        this.#applied += await migrateShared(client, this.#appUser, files, onStep);
        todo = await this.#scopesToDo(client);
      }
      const left = await tenantsAmong(client, foreign);
      for (const failure of left) await noteFailure(client, failure);
      todo = todo.filter((schema) => !left.some(({ scope }) => scope === schema));
      this.#total = todo.length + Number(isSharedPending);
      return { isSharedPending, todo, foreign: left };
    });
  }

  async #scopesToDo(client: OwnerClient): Promise<MigrationScope[]> {
    const { files, capture, keepNewerCapture: isStart = false } = this.#options;
    const state = await migrationState(client, this.#appUser, files, capture?.checksum);
    const { pending, changed, reborn, withoutRights, captures: outdated } = state;
    const toRenew = outdated.filter(({ isNewer }) => !(isStart && isNewer));
    this.#newerCaptures = outdated.length - toRenew.length;
    const scopes = [...pending, ...changed, ...toRenew].map(({ scope }) => scope);
    const others = [...withoutRights, ...reborn, ...changed.map(({ scope }) => scope)];
    if (capture && isExamining(this.#options) && !scopes.includes('shared') && !others.includes('shared'))
      this.#broken = new Set((await checkCapture(client, capture)).map(({ schema }) => schema));
    this.#others = new Set([...others, ...this.#broken]);
    return [...new Set([...scopes, ...others, ...this.#broken])];
  }

  /** Migrates one tenant, unless another process has done so meanwhile, and notes whether it failed. */
  async migrate(client: OwnerClient, { schema, isLast }: Turn): Promise<void> {
    const { files, capture, lockWaits, onStep } = this.#options;
    try {
      if (!this.#others.has(schema) && (await isUpToDate(client, schema, files, capture))) return;
      const { captured } = await migrateTenant(client, this.#appUser, schema, {
        files,
        capture,
        repairCapture: this.#broken.has(schema),
        briefly: !isLast,
        onApplied: () => {
          this.#applied++;
        },
        lockWaits,
        onStep,
      });
      this.#captures += Number(captured);
      await forgetFailure(client, schema);
    } catch (error) {
      if (isLast || !isWorthRetrying(error))
        await noteFailure(client, { scope: schema, error: error as Error });
      throw error;
    }
  }

  /** Counts a scope that is done, well or not. */
  readonly done = (scope: MigrationScope, error?: Error): void => {
    this.#done++;
    this.#failed += Number(error !== undefined);
    this.#options.onProgress?.({ scope, done: this.#done, total: this.#total, ...(error && { error }) });
  };

  /** Returns the numbers so far. */
  report(): Omit<MigrationReport, 'failures'> {
    return {
      applied: this.#applied,
      scopes: this.#done - this.#failed,
      captures: this.#captures,
      newerCaptures: this.#newerCaptures,
      repairs: 0,
      mended: [],
    };
  }
}

async function isUpToDate(
  client: OwnerClient,
  schema: MigrationScope,
  files: MigrationFiles,
  capture: Capture | null,
): Promise<boolean> {
  const { rowCount } = await client.query(
    `SELECT FROM public.migration_ledger WHERE scope = $1 AND number <= $2
     HAVING count(*) = $2 AND ($3::text IS NULL OR EXISTS (
       SELECT FROM public.event_capture WHERE schema_name = $1 AND checksum = $3))`,
    [schema, files.tenant.length, capture?.checksum ?? null],
  );
  return rowCount === 1;
}

async function checkCanaries(client: OwnerClient, canaries: readonly MigrationScope[]): Promise<void> {
  if (canaries.length === 0) return;
  const { rows } = await client.query<{ schema: string }>(
    `SELECT name AS schema FROM unnest($1::text[]) AS c (name)
     WHERE NOT EXISTS (
       SELECT FROM public.tenants_tenant t WHERE t.schema_name = c.name AND ${LIVES_HERE_IF_KNOWN})`,
    [canaries],
  );
  if (rows[0])
    throw new PlainError(`there is no tenant with the schema ${rows[0].schema}; see: leopard tenants list`);
}

/** Selects the failures that are those of tenants, not of other schemas with such names. */
async function tenantsAmong(
  client: OwnerClient,
  failures: readonly SchemaFailure[],
): Promise<SchemaFailure[]> {
  if (failures.length === 0) return [];
  const { rows } = await client.query<{ schema: string }>(
    `SELECT schema_name AS schema FROM public.tenants_tenant t WHERE schema_name = ANY ($1) AND ${LIVES_HERE_IF_KNOWN}`,
    [failures.map(({ scope }) => scope)],
  );
  return failures.filter(({ scope }) => rows.some(({ schema }) => schema === scope));
}
