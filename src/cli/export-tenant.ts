import { fileSink } from '../backup/backup-output.js';
import { writeBackup } from '../backup/write-backup.js';
import { activeBeforeDeletion } from '../backup/write-section.js';
import type { DatabaseHandle } from '../database/connections.js';
import { withOwner } from '../database/owner.js';
import type { DeleteSurroundings } from '../provisioning/delete-tenant.js';
import { homeOf } from '../provisioning/tenant-home.js';
import { ownerSettings } from './owner-settings.js';

/** Returns the function that writes a tenant's final export: a backup of it alone, which `leopard restore` reads. */
export function exportTenant(
  handle: DatabaseHandle,
  mediaDirectory: string,
): DeleteSurroundings['exportTenant'] {
  return async (schema, file, { signal, onProgress }) => {
    const { owner } = await homeOf(handle, schema);
    // The catalogue knows of the deletion, which may be another database.
    const wasActive = await withOwner(ownerSettings(handle), (client) =>
      activeBeforeDeletion(client, schema),
    );
    await writeBackup(owner, await fileSink(file), {
      ...{ schema, mediaDirectory, signal, wasActive },
      onProgress: ({ rows }) => onProgress({ done: rows, total: null }),
    });
  };
}
