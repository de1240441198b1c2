import type { Command } from 'commander';
import type { DatabaseHandle } from '../database/connections.js';
import { readMigrations } from '../database/migration-files.js';
import { withOwner } from '../database/owner.js';
import { fileName } from '../schema/migration-state.js';
import { appliedMigrations, pendingMigrations } from '../schema/migrator.js';
import { schemaOf } from '../tenancy/tenant-name.js';
import { CliError } from './cli-error.js';
import type { CliContext } from './context.js';
import { atEachCell, type CellResults, handlesOf, requireAllCells } from './each-cell.js';
import { withDatabase } from './with-database.js';

interface ShownMigration {
  readonly scope: string;
  readonly number: number;
  readonly name: string;
  /** Null while it is pending. */
  readonly applied_at: string | null;
  /** True when it was skipped there, at that time. */
  readonly skipped?: true;
  /** The further cell whose database it is; not given for the catalogue's own. */
  readonly cell?: string;
}

interface Filter {
  readonly schema?: string;
  readonly pending?: boolean;
}

/** Names of the scope that all tenants share: the schema, and the name used in JSON. */
const PUBLIC = new Set(['public', 'shared']);

/** Adds `leopard showmigrations`, which lists applied and pending migrations. */
export function addShowMigrationsCommand(program: Command, context: CliContext): void {
  program
    .command('showmigrations')
    .description('list what is applied to public and to each tenant, and what is pending')
    .option('--schema <tenant>', 'only this tenant, by schema or short name; public for what all share')
    .option('--pending', 'only what is pending')
    .option('--json', 'print JSON')
    .action(({ json, ...filter }: Filter & { json?: boolean }) =>
      withDatabase(context, async (handle) => {
        const all = await atEachCell(handlesOf(handle), readState);
        const migrations = select(all, filter);
        context.show(json, migrations, () =>
          migrations.length === 0 ? ['nothing is pending'] : lines(migrations),
        );
        requireAllCells(all);
      }),
    );
}

/** Selects the migrations to show. @throws CliError for an unknown tenant */
function select(
  { found: cells }: CellResults<readonly ShownMigration[]>,
  { schema, pending }: Filter,
): readonly ShownMigration[] {
  const all = cells.flatMap(({ result }) => result);
  const found = schema === undefined ? all : ofScope(all, PUBLIC.has(schema) ? 'shared' : schemaOf(schema));
  return pending ? found.filter((migration) => migration.applied_at === null) : found;
}

function ofScope(all: readonly ShownMigration[], scope: string): readonly ShownMigration[] {
  const found = all.filter((migration) => migration.scope === scope);
  if (found.length > 0) return found;
  throw new CliError(`there is no tenant with the schema ${scope}; see: leopard tenants list`);
}

async function readState({ owner, app }: DatabaseHandle, cell: string | null): Promise<ShownMigration[]> {
  return await withOwner(owner ?? app, async (client) => {
    const applied = await appliedMigrations(client);
    const pending = await pendingMigrations(client, app.user, readMigrations());
    const all = [
      ...applied.map(({ appliedAt, isSkipped, ...migration }) => ({
        ...migration,
        applied_at: appliedAt,
        ...(isSkipped && { skipped: true as const }),
      })),
      ...pending.map((migration) => ({ ...migration, applied_at: null })),
    ].map((migration) => (cell === null ? migration : { ...migration, cell }));
    const place = ({ scope }: ShownMigration) => (scope === 'shared' ? '' : scope);
    return all.sort((a, b) => compare(place(a), place(b)) || a.number - b.number);
  });
}

function lines(migrations: readonly ShownMigration[]): string[] {
  return migrations.flatMap((migration, index) => {
    const { applied_at: appliedAt } = migration;
    const before = migrations[index - 1];
    const heading = before && headingOf(before) === headingOf(migration) ? [] : [headingOf(migration)];
    const mark = appliedAt === null ? '[ ]' : migration.skipped ? '[-]' : '[x]';
    const skipped = migration.skipped ? ', skipped' : '';
    return [...heading, `  ${mark} ${fileName(migration)}  ${appliedAt ?? ''}${skipped}`.trimEnd()];
  });
}

function headingOf({ scope, cell }: ShownMigration): string {
  const name = scope === 'shared' ? 'public' : scope;
  return cell === undefined ? name : `${name} (cell ${cell})`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
