import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConnectionSettings } from '../config.js';
import { checkSchemaName } from '../database/schema-name.js';
import { PlainError } from '../plain-error.js';
import { deleteTenant } from './provisioning.js';

/**
 * Removes a tenant for good: schema, domains, row, and its folder of files.
 * @param mediaDirectory the folder that holds one folder per tenant
 * @throws TenantNotFoundError, nothing is changed then; PlainError when only the files could not be removed
 */
export async function deregisterTenant(
  owner: ConnectionSettings,
  mediaDirectory: string,
  schema: string,
): Promise<void> {
  const folder = join(mediaDirectory, checkSchemaName(schema));
  // The database first: files that nobody can reach do less harm than records whose files are gone.
  await deleteTenant(owner, schema);
  await rm(folder, { recursive: true, force: true }).catch((error: Error) => {
    throw new PlainError(
      `${schema} is removed, but not its files (${error.message}); remove the folder ${folder}`,
    );
  });
}
