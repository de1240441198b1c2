import { type Cell, cellLabel } from '../database/cells.js';
import { type Migration, readMigrations } from '../database/migration-files.js';
import { type OwnerClient, withOwner } from '../database/owner.js';
import { shippedCapture } from '../events/capture/capture.js';
import { fileName, migrationState } from '../schema/migration-state.js';
import type { CliContext } from './context.js';
import { count } from './migrate-report.js';

/** Maximum number of tenants that are named for one migration. */
const MOST_NAMED = 5;

interface Chosen {
  /** Only this tenant. */
  readonly schema: string | undefined;
  readonly onlyShared: boolean | undefined;
}

/**
 * Prints the SQL that `leopard migrate` would run, each migration once with the schemas that lack it.
 * @throws MigrationChangedError; errors of connecting to a cell
 */
export async function printPendingSql(
  context: CliContext,
  cells: readonly Cell[],
  chosen: Chosen,
): Promise<void> {
  for (const { name, handle } of cells) {
    if (cells.length > 1) context.print(`-- cell ${cellLabel(name)}`);
    const lines = await withOwner(handle.owner ?? handle.app, (client) =>
      pendingSql(client, handle.app.user, chosen),
    );
    for (const line of lines) context.print(line);
  }
}

async function pendingSql(client: OwnerClient, appUser: string, chosen: Chosen): Promise<string[]> {
  const files = readMigrations();
  const capture = shippedCapture();
  const { pending, captures } = await migrationState(client, appUser, files, capture.checksum);
  const isChosen = (scope: string) =>
    chosen.schema === undefined ? scope === 'shared' || !chosen.onlyShared : scope === chosen.schema;
  const lacking = (migration: Migration) =>
    pending
      .filter(
        ({ scope, number }) =>
          number === migration.number && (scope === 'shared') === (migration.kind === 'shared'),
      )
      .map(({ scope }) => scope)
      .filter(isChosen);
  const blocks = [...files.shared, ...files.tenant].flatMap((migration) => {
    const scopes = lacking(migration);
    return scopes.length === 0 ? [] : [`${heading(migration, scopes)}\n${textOf(migration)}`];
  });
  const outdated = captures.map(({ scope }) => scope).filter(isChosen);
  if (outdated.length > 0) blocks.push(`-- capture of events, ${at(outdated)}\n${capture.sql}`);
  return blocks.length > 0 ? blocks : ['-- nothing is pending'];
}

function heading(migration: Migration, scopes: readonly string[]): string {
  const how = migration.withoutTransaction ? 'without a transaction' : 'in a transaction';
  const where = migration.kind === 'shared' ? 'public' : at(scopes);
  return `-- ${fileName(migration)}, ${where}, ${how}`;
}

function at(schemas: readonly string[]): string {
  const more = schemas.length > MOST_NAMED ? ` and ${schemas.length - MOST_NAMED} more` : '';
  return `at ${count(schemas.length, 'tenant')}: ${schemas.slice(0, MOST_NAMED).join(', ')}${more}`;
}

function textOf({ sql, withoutTransaction }: Migration): string {
  return withoutTransaction
    ? withoutTransaction.map((statement) => `${statement};`).join('\n')
    : sql.trimEnd();
}
