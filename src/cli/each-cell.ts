import { type Cell, cellLabel, cellsOf } from '../database/cells.js';
import type { DatabaseHandle } from '../database/connections.js';
import type { Database } from '../database/database.js';
import { sql } from '../database/sql.js';
import { joinLines } from '../platform/join-lines.js';
import { CliError } from './cli-error.js';

/** The result of a command's work in one cell. */
export interface CellResult<T> {
  /** The cell's name for people. */
  readonly cell: string;
  readonly result: T;
}

/** The results of a command's work in all cells. */
export interface CellResults<T> {
  readonly found: readonly CellResult<T>[];
  /** Why there is no result of a cell, in one line for each. */
  readonly problems: readonly string[];
}

/** Returns the connections of a command to all cells, the catalogue's own database first. */
export function databasesOf(
  database: Database,
): readonly { readonly name: string | null; readonly place: Database }[] {
  const further = [...(database.cells?.all ?? [])].map(([name, place]) => ({ name, place }));
  return [{ name: null, place: database }, ...further];
}

/** Returns the settings of the connections to all cells, the catalogue's own database first. */
export function handlesOf(
  catalogue: DatabaseHandle,
): readonly { readonly name: string | null; readonly place: DatabaseHandle }[] {
  return cellsOf(catalogue).map(({ name, handle }: Cell) => ({ name, place: handle }));
}

/**
 * Runs `work` in one cell after the other. A further cell in which it fails keeps it from none of the others; say so at the
 * end with `requireAllCells`.
 * @throws what `work` throws in the database with the catalogue
 */
export async function atEachCell<P, T>(
  cells: readonly { readonly name: string | null; readonly place: P }[],
  work: (place: P, name: string | null) => Promise<T>,
): Promise<CellResults<T>> {
  const found: CellResult<T>[] = [];
  const problems: string[] = [];
  for (const { name, place } of cells) {
    try {
      found.push({ cell: cellLabel(name), result: await work(place, name) });
    } catch (error) {
      if (name === null) throw error;
      problems.push(`the cell ${name} is left out: ${joinLines((error as Error).message)}`);
    }
  }
  return { found, problems };
}

/** @throws CliError that names the cells of which a command could not tell, or in which it could not work */
export function requireAllCells({ problems }: Pick<CellResults<unknown>, 'problems'>): void {
  if (problems.length > 0) throw new CliError(problems.join('; '));
}

/** Checks that all cells answer, after a command has shown what those that do have. @throws CliError that names the others */
export async function requireAnswers(database: Database): Promise<void> {
  requireAllCells(await atEachCell(databasesOf(database), (place) => place.publicQuery(sql`SELECT`)));
}

/** Returns the columns of a table, with one for the cell where there are further ones. */
export function withCellColumn(database: { readonly cells?: unknown }, columns: readonly string[]): string[] {
  return database.cells ? ['CELL', ...columns] : [...columns];
}
