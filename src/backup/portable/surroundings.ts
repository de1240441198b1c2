import type { SealedSecrets } from '../../auth/sealed-secrets.js';
import type { Config, ConnectionSettings } from '../../config/config.js';
import { handleOfTenant } from '../../database/cells.js';
import type { DatabaseHandle } from '../../database/connections.js';
import { PlainError } from '../../platform/plain-error.js';
import type { Surroundings } from '../../provisioning/operations/operation.js';
import { shortName } from '../../tenancy/tenant-name.js';

/**
 * Returns the owner's connection to the database in which a tenant lives, the catalogue's or a cell's.
 * @throws UnknownCellError; PlainError when it is not given
 */
export async function homeOwner(handle: DatabaseHandle, schema: string): Promise<ConnectionSettings> {
  const { owner } = await handleOfTenant(handle, schema);
  if (owner) return owner;
  throw new PlainError(`the owner's connection to the cell of ${shortName(schema)} is not given (owner_url)`);
}

/** The means of operations that write tenants from files or other tenants. */
export interface PortableSurroundings extends Surroundings {
  /** The connections to the catalogue and its cells. */
  readonly handle: DatabaseHandle;
  /** The program's role, which may assume the tenants'. */
  readonly appUser: string;
  /** What tenants' own domains are made of. */
  readonly hosts: Pick<Config, 'appSubdomain' | 'baseDomain'>;
  /** The folder that holds one folder of files per tenant. */
  readonly mediaDirectory: string;
  readonly secrets: SealedSecrets;
}
