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

/** The database in which a tenant lives. */
export interface TenantHome {
  readonly owner: ConnectionSettings;
  /** The program's role there. */
  readonly appUser: string;
  /** Whether it is another database than the catalogue's. */
  readonly isElsewhere: boolean;
}

/** Returns the database in which a tenant lives. @throws PlainError when the owner's connection is not given; UnknownCellError */
export async function homeOf(handle: DatabaseHandle, schema: string): Promise<TenantHome> {
  const cell = await cellOfTenant(handle, schema);
  const home = handleOf(handle, cell);
  return { owner: ownerOf(home), appUser: home.app.user, isElsewhere: cell !== null };
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

/** Returns the owner's connection to a database. @throws PlainError when it is not given */
export function ownerOf({ owner }: DatabaseHandle): ConnectionSettings {
  if (owner) return owner;
  throw new PlainError(
    "this needs the database owner's rights; set DB_OWNER_USER and DB_OWNER_PASSWORD (or DATABASE_OWNER_URL, in cells owner_url)",
  );
}
