import { MAIN_CELL } from '../config/cell-settings.js';
import { PlainError } from '../platform/plain-error.js';
import type { DatabaseHandle } from './connections.js';
import { withOwner } from './owner.js';

/** A database in which tenants live: the catalogue's own, whose name is null, or a further one. */
export interface Cell {
  /** As in `tenants_tenant.cell`. */
  readonly name: string | null;
  readonly handle: DatabaseHandle;
}

/** Thrown for the name of a cell that is not configured. */
class UnknownCellError extends PlainError {
  override readonly name = 'UnknownCellError';

  constructor(readonly cell: string) {
    super(`there is no cell ${cell}; LEOPARD_CELLS (or LEOPARD_CELLS_FILE) names the cells`);
  }
}

/** Returns all cells, the catalogue's own database first. Work that goes over tenants goes over these. */
export function cellsOf(catalogue: DatabaseHandle): readonly Cell[] {
  return [{ name: null, handle: catalogue }, ...(catalogue.cells ?? [])];
}

/** Returns the database of a cell, as `tenants_tenant.cell` of the catalogue names it. @throws UnknownCellError */
export function handleOf(catalogue: DatabaseHandle, cell: string | null): DatabaseHandle {
  if (cell === null) return catalogue;
  const found = catalogue.cells?.find(({ name }) => name === cell);
  if (!found) throw new UnknownCellError(cell);
  return found.handle;
}

/**
 * Returns the database in which the tenant of this schema lives: in the catalogue's own too where there is no such tenant.
 * @throws UnknownCellError, and the driver's errors where the catalogue cannot be read
 */
export async function handleOfTenant(catalogue: DatabaseHandle, schema: string): Promise<DatabaseHandle> {
  return handleOf(catalogue, await cellOfTenant(catalogue, schema));
}

/** Returns the name of the cell in which the tenant of this schema lives, as the catalogue says. */
export async function cellOfTenant(catalogue: DatabaseHandle, schema: string): Promise<string | null> {
  const { rows } = await withOwner(catalogue.app, (client) =>
    client.query<{ cell: string | null }>('SELECT cell FROM public.tenants_tenant WHERE schema_name = $1', [
      schema,
    ]),
  );
  return rows[0]?.cell ?? null;
}

/** Returns a cell's name for people. */
export function cellLabel(name: string | null): string {
  return name ?? MAIN_CELL;
}

/** Returns the name, as in `tenants_tenant.cell`, of a cell that a person has named. */
export function cellNamed(label: string): string | null {
  return label === MAIN_CELL ? null : label;
}
