import type { ConnectionSettings } from '../config/config.js';
import { removeTenantFiles } from '../storage/tenant-files.js';
import { dropTenantSchema } from './tenant-schema.js';

/**
 * Deletes a tenant for good: schema, domains, row, and its folder of files.
 * @param mediaDirectory the folder that holds one folder per tenant
 * @throws TenantNotFoundError, nothing is changed then; PlainError when only the files could not be removed
 */
export async function deleteTenant(
  owner: ConnectionSettings,
  mediaDirectory: string,
  schema: string,
): Promise<void> {
  // The database first: unreachable files do less harm than records whose files are gone.
  await dropTenantSchema(owner, schema);
  await removeTenantFiles(mediaDirectory, schema);
}
