import type { ConnectionSettings } from '../config/config.js';
import { inTransaction, type OwnerClient, withOwner } from '../database/owner.js';
import { COMPARED, COPY_DOMAINS, COPY_ROWS, IN_CATALOGUE } from './cell-row-statements.js';

/** A comparison of the catalogue's tenants of a cell with the cell's own rows. */
export interface CellComparison {
  /** Schemas of tenants whose row or domains differ. */
  readonly different: readonly string[];
  /** Schemas of tenants of which the cell has no row. */
  readonly missing: readonly string[];
  /** Schemas of tenants that live there by the cell's rows, but not by the catalogue's. */
  readonly surplus: readonly string[];
}

interface CatalogueRow {
  readonly id: string;
  readonly schema_name: string;
  readonly domains: readonly { readonly domain: string; readonly is_primary: boolean }[];
}

/** A cell with the owner's connection to it, or the program's where nothing is to be changed. */
export interface CellPlace {
  readonly name: string;
  readonly settings: ConnectionSettings;
}

/**
 * Compares the catalogue's tenants of a cell with the cell's rows.
 * @param catalogue the program's or the owner's connection
 * @param schema only this tenant; null: all
 * @throws the driver's errors
 */
export async function compareCell(
  catalogue: ConnectionSettings,
  cell: CellPlace,
  schema: string | null = null,
): Promise<CellComparison> {
  const rows = await rowsOf(catalogue, cell.name, schema);
  return await withOwner(cell.settings, (client) => compared(client, rows, schema));
}

/**
 * Copies what counts of the catalogue's rows, and the domains, into the rows of the tenants' cell. The operation that changes
 * the catalogue calls it, and a job repeats it, so that a cell that was away catches up.
 * @param cell with the owner's connection
 * @param schema only this tenant; null: all
 * @returns the comparison before; what is missing or surplus stays so
 * @throws the driver's errors
 */
export async function copyToCell(
  catalogue: ConnectionSettings,
  cell: CellPlace,
  schema: string | null = null,
): Promise<CellComparison> {
  const rows = await rowsOf(catalogue, cell.name, schema);
  return await withOwner(cell.settings, async (client) => {
    const found = await compared(client, rows, schema);
    if (found.different.length === 0) return found;
    await inTransaction(client, async () => {
      const given = [JSON.stringify(rows), schema];
      for (const statement of COPY_DOMAINS) await client.query(statement, given);
      await client.query(`${COPY_ROWS} AND ($2::text IS NULL OR t.schema_name = $2)`, given);
    });
    return found;
  });
}

async function rowsOf(
  catalogue: ConnectionSettings,
  cell: string,
  schema: string | null,
): Promise<readonly CatalogueRow[]> {
  const { rows } = await withOwner(catalogue, (client) =>
    client.query<CatalogueRow>(IN_CATALOGUE, [cell, schema]),
  );
  return rows;
}

async function compared(
  client: OwnerClient,
  catalogue: readonly CatalogueRow[],
  schema: string | null,
): Promise<CellComparison> {
  const { rows } = await client.query<{ what: keyof CellComparison; schema: string }>(COMPARED, [
    JSON.stringify(catalogue),
    schema,
  ]);
  const of = (wanted: keyof CellComparison) =>
    rows.filter(({ what }) => what === wanted).map((row) => row.schema);
  return { different: of('different'), missing: of('missing'), surplus: of('surplus') };
}
