import type { Database, FurtherCells } from './database.js';

/**
 * The databases of further cells, and the cells of tenants as the catalogue named them last. A tenant that is not noted
 * lives in the catalogue's own database.
 */
export class CellDatabases implements FurtherCells {
  readonly #cells = new Map<string, Database>();
  readonly #places = new Map<string, string>();

  /** Adds a cell. */
  add(cell: string, database: Database): void {
    this.#cells.set(cell, database);
  }

  ofCell(cell: string): Database | undefined {
    return this.#cells.get(cell);
  }

  ofTenant(schema: string): Database | undefined {
    const cell = this.#places.get(schema);
    return cell === undefined ? undefined : this.#cells.get(cell);
  }

  /** Returns the cell of a tenant; undefined for one of the catalogue's own database. */
  cellOf(schema: string): string | undefined {
    return this.#places.get(schema);
  }

  /** Notes in which cell a tenant lives, as the catalogue says; null: in the catalogue's own database. */
  note(schema: string, cell: string | null): void {
    if (cell === null) this.#places.delete(schema);
    else this.#places.set(schema, cell);
  }

  get all(): ReadonlyMap<string, Database> {
    return this.#cells;
  }
}
