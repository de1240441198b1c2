import { resolve } from 'node:path';
import type { SettingsReader } from './settings-reader.js';

/** The settings of scheduled backups. */
export interface BackupSettings {
  /** The folder of the backups; null: none are made. */
  readonly directory: string | null;
  /** Hours from one backup of a tenant to the next. */
  readonly everyHours: number;
  /** Days for which backups are kept; 0: for ever. */
  readonly keepDays: number;
  /** Whether uploaded files are in them. */
  readonly withFiles: boolean;
}

/** Reads the settings of backups. @param directory the base directory of relative paths */
export function readBackupSettings(read: SettingsReader, directory: string): BackupSettings {
  const folder = read.text('BACKUP_DIR', '');
  return {
    directory: folder === '' ? null : resolve(directory, folder),
    everyHours: read.integer('BACKUP_EVERY_HOURS', 24, { min: 1, max: 24 * 366 }),
    keepDays: read.integer('BACKUP_KEEP_DAYS', 30, { min: 0, max: 36_600 }),
    withFiles: read.boolean('BACKUP_WITH_FILES', true),
  };
}
