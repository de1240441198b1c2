import { join, resolve } from 'node:path';
import type { SettingsReader } from './settings-reader.js';

/** The settings of deleting tenants. */
export interface TenantSettings {
  /** Days for which a deleted tenant can be brought back; 0: until somebody removes it. */
  readonly retentionDays: number;
  /** The folder of the final exports. */
  readonly exportDirectory: string;
}

/**
 * Reads the settings of deleting tenants.
 * @param directory the base directory of relative paths
 * @param dataDirectory the folder of the program's data
 */
export function readTenantSettings(
  read: SettingsReader,
  directory: string,
  dataDirectory: string,
): TenantSettings {
  const folder = read.text('DELETED_TENANT_EXPORT_DIR', '');
  return {
    retentionDays: read.integer('DELETED_TENANT_DAYS', 30, { min: 0, max: 36_600 }),
    exportDirectory: folder === '' ? join(dataDirectory, 'deleted-tenants') : resolve(directory, folder),
  };
}
