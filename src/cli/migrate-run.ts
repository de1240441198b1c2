import { type Cell, cellLabel, handleOfTenant } from '../database/cells.js';
import type { DatabaseHandle } from '../database/connections.js';
import { withOwner } from '../database/owner.js';
import { LIVES_HERE_IF_KNOWN } from '../database/served-tenants.js';
import type { SchemaFailure } from '../schema/in-parallel.js';
import { storeRetention } from '../schema/log-retention.js';
import { forgetFailure, noteFailure } from '../schema/migration-failures.js';
import { fileName } from '../schema/migration-state.js';
import { type MigrationReport, migrateAll, migrateShared, migrateTenant } from '../schema/migrator.js';
import { repairAll } from '../schema/repair-all.js';
import { skipMigration } from '../schema/skipped-migration.js';
import { schemaOf } from '../tenancy/tenant-name.js';
import { CliError } from './cli-error.js';
import type { CliContext } from './context.js';
import { chosenCells } from './migrate-cells.js';
import { count, failureLines, reportLines } from './migrate-report.js';
import { ownerSettings } from './owner-settings.js';

/** The options of `leopard migrate`. */
export interface MigrateCommandOptions {
  readonly shared?: boolean;
  readonly schema?: string;
  readonly skip?: number;
  readonly cell?: string;
  readonly parallel?: number;
  readonly canary?: readonly string[];
  readonly dryRun?: boolean;
  /** False for only what is pending. */
  readonly examine?: boolean;
}

const NOTHING: MigrationReport = {
  applied: 0,
  scopes: 1,
  captures: 0,
  newerCaptures: 0,
  repairs: 0,
  mended: [],
  failures: [],
};
const UNDEFINED_TABLE = '42P01';

/**
 * Migrates the chosen cells, one after the other. One that cannot be reached does not stop the others.
 * @throws CliError when something failed; what else is thrown, where there is only one cell
 */
export async function migrateCells(
  context: CliContext,
  catalogue: DatabaseHandle,
  options: MigrateCommandOptions,
): Promise<void> {
  if (options.schema !== undefined) return await migrateOne(context, catalogue, options.schema, options.skip);
  const cells = chosenCells(catalogue, options.cell);
  const canaries = (options.canary ?? []).map(schemaOf);
  const run = new CellRun(context, cells, options);
  if (canaries.length > 0) await run.migrateCanaries(canaries);
  await run.migrateAll();
  run.end();
}

class CellRun {
  readonly #context: CliContext;
  readonly #cells: readonly Cell[];
  readonly #options: MigrateCommandOptions;
  /** Number of tenants that failed. */
  #failures = 0;
  /** Cells that could not be migrated, as most often those that cannot be reached. */
  readonly #failedCells = new Set<string>();

  constructor(context: CliContext, cells: readonly Cell[], options: MigrateCommandOptions) {
    this.#context = context;
    this.#cells = cells;
    this.#options = options;
  }

  async migrateCanaries(canaries: readonly string[]): Promise<void> {
    const unknown = new Set(canaries);
    for (const cell of this.#cells) {
      await this.#attempt(cell, async () => {
        const own = await tenantsAmong(cell.handle, canaries);
        for (const schema of own) unknown.delete(schema);
        if (own.length > 0) await this.#migrate(cell, { canaries: own, canariesOnly: true });
      });
    }
    const [first] = unknown;
    if (first !== undefined && this.#failedCells.size === 0)
      throw new CliError(`there is no tenant with the schema ${first}; see: leopard tenants list`);
    if (this.#failures > 0 || this.#failedCells.size > 0)
      throw new CliError(
        'a canary failed, so no other tenant was begun; fix that and run this command again',
      );
  }

  async migrateAll(): Promise<void> {
    for (const cell of this.#cells) await this.#attempt(cell, () => this.#migrate(cell, {}));
  }

  /** Reports the end of the run. @throws CliError when something failed */
  end(): void {
    const failed = [
      ...(this.#failures > 0 ? [count(this.#failures, 'tenant')] : []),
      ...(this.#failedCells.size > 0 ? [count(this.#failedCells.size, 'cell')] : []),
    ];
    if (failed.length > 0)
      throw new CliError(
        `${failed.join(' and ')} could not be migrated; fix that and run this command again`,
      );
  }

  async #attempt(cell: Cell, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (this.#cells.length === 1) throw error;
      this.#failedCells.add(cellLabel(cell.name));
      this.#context.warn(`${this.#of(cell)}${(error as Error).message}`);
    }
  }

  async #migrate(
    cell: Cell,
    canaries: { readonly canaries?: readonly string[]; readonly canariesOnly?: boolean },
  ): Promise<void> {
    const context = this.#context;
    const report = await this.#report(cell, canaries);
    if (!canaries.canariesOnly) {
      await storeRetention(ownerSettings(cell.handle), context.config());
      for (const line of reportLines(report)) context.print(`${this.#of(cell)}${line}`);
    }
    for (const line of failureLines(report.failures)) context.warn(`${this.#of(cell)}${line}`);
    this.#failures += report.failures.length;
  }

  async #report(
    { handle }: Cell,
    canaries: { readonly canaries?: readonly string[]; readonly canariesOnly?: boolean },
  ): Promise<MigrationReport> {
    const owner = ownerSettings(handle);
    const { user } = handle.app;
    if (this.#options.shared)
      return { ...NOTHING, applied: await withOwner(owner, (client) => migrateShared(client, user)) };
    const progress = this.#context.progress(process.stderr);
    const { parallel = 1, examine = true } = this.#options;
    const report = await migrateAll(owner, user, {
      ...canaries,
      parallel,
      examines: examine,
      onProgress: ({ done, total }) => progress.count('migrating', done, total),
      onPutOff: (failure) => {
        if (isWorthTelling(failure)) progress.note?.(putOffLine(failure));
      },
    }).catch((error: unknown) => {
      progress.failed();
      throw error;
    });
    if (report.failures.length > 0) progress.failed();
    else progress.done();
    return report;
  }

  /** Returns what a line about a cell begins with, where there are several. */
  #of({ name }: Cell): string {
    return this.#cells.length > 1 ? `cell ${cellLabel(name)}: ` : '';
  }
}

/** Returns whether people need to know: a tenant that another run has in hand is migrated by that one. */
const isWorthTelling = ({ error }: SchemaFailure) => error.name !== 'SchemaBusyError';

function putOffLine({ scope, error }: SchemaFailure): string {
  return `lock not obtained, try again: ${scope} is put off to the end of the run (${error.message.split(', so ')[0]})`;
}

async function tenantsAmong(handle: DatabaseHandle, schemas: readonly string[]): Promise<string[]> {
  return await withOwner(ownerSettings(handle), async (client) => {
    const { rows } = await client
      .query<{ schema: string }>(
        `SELECT schema_name AS schema FROM public.tenants_tenant t
         WHERE schema_name = ANY ($1) AND ${LIVES_HERE_IF_KNOWN}`,
        [schemas],
      )
      .catch((error: { code?: string }) => {
        if (error.code !== UNDEFINED_TABLE) throw error;
        return { rows: [] };
      });
    return rows.map(({ schema }) => schema);
  });
}

async function migrateOne(
  context: CliContext,
  catalogue: DatabaseHandle,
  tenant: string,
  skip: number | undefined,
): Promise<void> {
  const schema = schemaOf(tenant);
  const handle = catalogue.cells?.length ? await handleOfTenant(catalogue, schema) : catalogue;
  const owner = ownerSettings(handle);
  const { user } = handle.app;
  const { applied, captured } = await withOwner(owner, async (client) => {
    if (skip !== undefined) {
      await migrateShared(client, user);
      const skipped = await skipMigration(client, schema, skip);
      context.print(`skipped ${fileName(skipped)} of ${schema}`);
    }
    const result = await migrateTenant(client, user, schema, { repairCapture: true }).catch(async (error) => {
      await noteFailure(client, { scope: schema, error });
      throw error;
    });
    await forgetFailure(client, schema);
    return result;
  });
  const { repairs, failures } = await repairAll(owner, user, { only: schema });
  await storeRetention(owner, context.config());
  const report = {
    ...NOTHING,
    applied,
    scopes: Number(applied > 0),
    captures: Number(captured),
    repairs,
    failures,
  };
  for (const line of reportLines(report)) context.print(line);
  for (const line of failureLines(failures)) context.warn(line);
  if (failures.length > 0)
    throw new CliError('1 tenant could not be migrated; fix that and run this command again');
}
