import type { ConnectionSettings } from '../config/config.js';
import { cellLabel, handleOf } from '../database/cells.js';
import type { DatabaseHandle } from '../database/connections.js';
import { inTransaction, type OwnerClient, withOwner } from '../database/owner.js';
import { PlainError } from '../platform/plain-error.js';
import type { Surroundings } from '../provisioning/operations/operation.js';

/** The means of moving tenants between cells. */
export interface MoveSurroundings extends Surroundings {
  /** The catalogue's database, with all cells. */
  readonly catalogue: DatabaseHandle;
}

/** Returns the owner's connection settings of a cell. @throws UnknownCellError, PlainError where they are not given */
export function ownerOf({ catalogue }: MoveSurroundings, cell: string | null): ConnectionSettings {
  const { owner } = handleOf(catalogue, cell);
  if (!owner)
    throw new PlainError(
      `moving a tenant needs the owner's connection of both cells; that of ${cellLabel(cell)} is not given (owner_url in LEOPARD_CELLS, DATABASE_OWNER_URL for main)`,
    );
  return owner;
}

/** Runs `work` on a connection of the owner of a cell. */
export async function atCell<T>(
  surroundings: MoveSurroundings,
  cell: string | null,
  work: (client: OwnerClient) => Promise<T>,
): Promise<T> {
  return await withOwner(ownerOf(surroundings, cell), work);
}

/**
 * Runs `work` in a transaction of a cell, which is committed when it is done: in that of the catalogue, which its caller
 * commits later, where the cell is the catalogue's own database.
 */
export async function withinCell<T>(
  surroundings: MoveSurroundings,
  cell: string | null,
  catalogue: OwnerClient,
  work: (client: OwnerClient) => Promise<T>,
): Promise<T> {
  if (cell === null) return await work(catalogue);
  return await atCell(surroundings, cell, (client) => inTransaction(client, () => work(client)));
}

/** Says in a cell's own row of a tenant, which has to name a cell there, that it does not live there. */
export function elsewhere(cell: string | null, other: string | null): string {
  const name = cell ?? other;
  if (name === null) throw new Error('a move has two cells');
  return name;
}
