import type { Command } from 'commander';
import { type Cell, cellLabel, cellsOf } from '../database/cells.js';
import type { DatabaseHandle } from '../database/connections.js';
import { withOwner } from '../database/owner.js';
import { joinLines } from '../platform/join-lines.js';
import { compareCell, copyToCell } from '../tenancy/cell-rows.js';
import { CliError } from './cli-error.js';
import type { CliContext } from './context.js';
import { formatTable } from './table.js';
import { withDatabase } from './with-database.js';

interface CellState {
  readonly cell: string;
  readonly place: string;
  /** The reason why it cannot be used; null if it answers. */
  readonly problem: string | null;
  /** Number of tenants by the catalogue. */
  readonly tenants: number;
  readonly version: string | null;
  readonly bytes: number | null;
}

/** Adds `leopard cells`, which shows the databases in which tenants live, and `cells sync`. */
export function addCellsCommand(program: Command, context: CliContext): void {
  const cells = program
    .command('cells')
    .description('show the databases in which tenants live: state, tenants, size, version')
    .option('--json', 'print JSON')
    .action(({ json }: { json?: boolean }) =>
      withDatabase(context, async (handle) => {
        const counts = await tenantsByCell(handle);
        const states = await Promise.all(cellsOf(handle).map((cell) => stateOf(cell, counts)));
        context.show(json, states, () => lines(states));
      }),
    );
  cells
    .command('sync')
    .description("copy names, states, limits and domains from the catalogue into the cells' own rows")
    .action(() => withDatabase(context, (handle) => sync(context, handle)));
}

async function tenantsByCell({ app }: DatabaseHandle): Promise<Map<string | null, number>> {
  const { rows } = await withOwner(app, (client) =>
    client.query<{ cell: string | null; count: number }>(
      'SELECT cell, count(*)::integer AS count FROM public.tenants_tenant GROUP BY cell',
    ),
  );
  return new Map(rows.map(({ cell, count }) => [cell, count]));
}

async function stateOf(
  { name, handle }: Cell,
  counts: ReadonlyMap<string | null, number>,
): Promise<CellState> {
  const { host, port, database } = handle.app;
  const known = {
    cell: cellLabel(name),
    place: `${host}:${port}/${database}`,
    tenants: counts.get(name) ?? 0,
  };
  try {
    const { rows } = await withOwner(handle.app, (client) =>
      client.query<{ version: string; bytes: number }>(
        `SELECT current_setting('server_version') AS version, pg_database_size(current_database())::float8 AS bytes`,
      ),
    );
    return { ...known, problem: null, version: rows[0]!.version, bytes: rows[0]!.bytes };
  } catch (error) {
    const problem = joinLines((error as Error).message || String(error));
    return { ...known, problem, version: null, bytes: null };
  }
}

function lines(states: readonly CellState[]): string[] {
  return formatTable(
    ['CELL', 'STATE', 'TENANTS', 'SIZE', 'POSTGRESQL', 'DATABASE'],
    states.map(({ cell, problem, tenants, bytes, version, place }) => [
      cell,
      problem === null ? 'up' : `DOWN: ${problem}`,
      String(tenants),
      bytes === null ? '' : `${(bytes / 1024 / 1024).toFixed(0)} MB`,
      version ?? '',
      place,
    ]),
  );
}

async function sync(context: CliContext, catalogue: DatabaseHandle): Promise<void> {
  let failed = 0;
  for (const { name, handle } of catalogue.cells ?? []) {
    try {
      const copy = handle.owner ? copyToCell : compareCell;
      const settings = handle.owner ?? handle.app;
      const { different, missing, surplus } = await copy(catalogue.app, { name, settings });
      if (different.length > 0 && !handle.owner)
        throw new CliError('it has no owner_url, which may change it');
      context.print(
        `${name}: ${different.length === 0 ? 'nothing to copy' : `copied ${different.join(', ')}`}`,
      );
      if (missing.length > 0)
        context.warn(`${name} has no row of ${missing.join(', ')}; see: leopard doctor`);
      if (surplus.length > 0)
        context.warn(`${name} has tenants that the catalogue does not place there: ${surplus.join(', ')}`);
      failed += Number(missing.length > 0 || surplus.length > 0);
    } catch (error) {
      failed++;
      context.warn(`${name}: ${joinLines((error as Error).message)}`);
    }
  }
  if (failed > 0)
    throw new CliError(`${failed} ${failed === 1 ? 'cell is' : 'cells are'} not as the catalogue says`);
}
