import { type Cell, cellNamed, cellsOf, handleOf } from '../database/cells.js';
import type { DatabaseHandle } from '../database/connections.js';

/** Returns the cells that a command works on: all, or the named one. @throws UnknownCellError */
export function chosenCells(catalogue: DatabaseHandle, name: string | undefined): readonly Cell[] {
  if (name === undefined) return cellsOf(catalogue);
  const cell = cellNamed(name);
  return [{ name: cell, handle: handleOf(catalogue, cell) }];
}
