import { type Cell, cellLabel } from '../database/cells.js';
import { withOwner } from '../database/owner.js';
import { type MigrationStatus, migrationStatus } from '../schema/migration-status.js';
import { CliError } from './cli-error.js';
import type { CliContext } from './context.js';
import { count, failureLines } from './migrate-report.js';

/** The exit code where something is behind, as that of `leopard upgrade --check`. */
const WORK_EXIT_CODE = 3;
/** Maximum number of tenants that are listed; JSON has them all. */
const MOST_LISTED = 50;

type CellStatus = { readonly cell: string } & (MigrationStatus | { readonly error: string });

/**
 * Prints how far the migrations of these cells are. One that cannot be reached does not stop the others.
 * @throws CliError when one is behind or cannot be reached
 */
export async function showStatus(
  context: CliContext,
  cells: readonly Cell[],
  json: boolean | undefined,
): Promise<void> {
  const all: CellStatus[] = [];
  for (const { name, handle } of cells) {
    const cell = cellLabel(name);
    try {
      const status = await withOwner(handle.owner ?? handle.app, (client) =>
        migrationStatus(client, handle.app.user),
      );
      all.push({ cell, ...status });
    } catch (error) {
      if (cells.length === 1) throw error;
      all.push({ cell, error: (error as Error).message });
    }
  }
  context.show(json, { cells: all }, () =>
    all.flatMap((status) => [...(all.length > 1 ? [`cell ${status.cell}`] : []), ...statusLines(status)]),
  );
  const unreachable = all.filter((status) => 'error' in status).length;
  if (unreachable > 0) throw new CliError(`${count(unreachable, 'cell')} could not be examined`);
  const isBehind = (status: CellStatus) =>
    'behind' in status &&
    (status.public_pending > 0 || status.behind.length > 0 || status.failures.length > 0);
  if (all.some(isBehind))
    throw new CliError('not everything is migrated; run: leopard migrate', WORK_EXIT_CODE);
}

function statusLines(status: CellStatus): string[] {
  if ('error' in status) return [status.error];
  const { public_pending: pending, tenants, behind, failures } = status;
  const lines = [
    pending > 0 ? `public: ${count(pending, 'migration')} pending` : 'public: up to date',
    `tenants: ${tenants - behind.length} of ${tenants} up to date`,
    ...behind
      .slice(0, MOST_LISTED)
      .map(({ schema, pending: lacking, next }) =>
        next === null
          ? `  ${schema}: its capture of events is to be renewed`
          : `  ${schema}: ${count(lacking, 'migration')} behind, the next is ${next}`,
      ),
  ];
  if (behind.length > MOST_LISTED)
    lines.push(`  and ${behind.length - MOST_LISTED} more; --json lists them all`);
  if (failures.length === 0) return lines;
  const errors = failures.map(({ schema, message }) => ({ scope: schema, error: new Error(message) }));
  const last = failures
    .map(({ failedAt }) => failedAt)
    .toSorted()
    .at(-1);
  return [
    ...lines,
    `failed when last tried: ${count(failures.length, 'tenant')}, the last at ${last}`,
    ...failureLines(errors).map((line) => `  ${line}`),
  ];
}
