import type { ConnectionSettings } from '../config/config.js';
import { cellOfTenant, handleOf } from '../database/cells.js';
import type { DatabaseHandle } from '../database/connections.js';
import { type OwnerClient, withOwner } from '../database/owner.js';
import { PlainError } from '../platform/plain-error.js';
import type { Surroundings } from './operations/operation.js';

/** The means of operations on a tenant's own database, which may be another one than the catalogue's. */
export interface HomeSurroundings extends Surroundings {
  /** The connections to the catalogue and its cells. */
  readonly handle: DatabaseHandle;
}

/** Returns these means. @throws PlainError when the owner's connection is not given */
export function homeSurroundings(handle: DatabaseHandle): HomeSurroundings {
  return { handle, owner: ownerOf(handle) };
}

/**
 * Returns the owner's connection to the database in which a tenant lives, and whether that is another one than the
 * catalogue's. @throws PlainError when it is not given; UnknownCellError
 */
export async function homeOf(
  handle: DatabaseHandle,
  schema: string,
): Promise<{ readonly owner: ConnectionSettings; readonly isElsewhere: boolean }> {
  const cell = await cellOfTenant(handle, schema);
  return { owner: ownerOf(handleOf(handle, cell)), isElsewhere: cell !== null };
}

/** Runs `work` on the owner's connection to the database in which a tenant lives. @throws as homeOf, and what `work` throws */
export async function atHome<T>(
  handle: DatabaseHandle,
  schema: string,
  work: (client: OwnerClient) => Promise<T>,
): Promise<T> {
  const { owner } = await homeOf(handle, schema);
  return await withOwner(owner, work);
}

function ownerOf({ owner }: DatabaseHandle): ConnectionSettings {
  if (owner) return owner;
  throw new PlainError(
    "this needs the database owner's rights; set DB_OWNER_USER and DB_OWNER_PASSWORD (or DATABASE_OWNER_URL, in cells owner_url)",
  );
}
