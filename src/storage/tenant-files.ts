import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { checkSchemaName } from '../database/schema-name.js';
import { PlainError } from '../platform/plain-error.js';

/**
 * Removes a tenant's folder of files; a missing folder is no error.
 * @param mediaDirectory the folder that holds one folder per tenant
 * @throws PlainError naming the folder when it could not be removed entirely; InvalidSchemaNameError
 */
export async function removeTenantFiles(mediaDirectory: string, schema: string): Promise<void> {
  const folder = join(mediaDirectory, checkSchemaName(schema));
  await rm(folder, { recursive: true, force: true }).catch((error: Error) => {
    throw new PlainError(
      `the records of ${schema} are removed, but not its files (${error.message}); remove the folder ${folder}`,
    );
  });
}
