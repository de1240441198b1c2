import { dirname, resolve } from 'node:path';
import { statOf } from '../platform/folders.js';
import type { SettingsReader } from './settings-reader.js';

/** The settings of the security log. */
export interface SecurityLogSettings {
  /** The file for its lines of JSON; '' for stdout. */
  readonly file: string;
  /** Days for which its events are kept in the database; 0: for ever. */
  readonly retentionDays: number;
  /** Number of refused requests of one user or address per minute beyond which they are recorded; 0: never. */
  readonly refusalsPerMinute: number;
}

/** The database itself keeps events for this long. */
const SHORTEST_RETENTION = 30;

/** Reads the settings of the security log; errors become problems of `read`. @param directory of relative paths */
export function readSecurityLogSettings(read: SettingsReader, directory: string): SecurityLogSettings {
  const given = read.text('SECURITY_LOG_FILE', '');
  const file = given && resolve(directory, given);
  if (file && !statOf(dirname(file))?.isDirectory()) {
    read.problem('SECURITY_LOG_FILE', `must lie in a folder that exists, not ${dirname(file)}`);
  }
  if (file && statOf(file)?.isDirectory()) {
    read.problem('SECURITY_LOG_FILE', `must be a file, not the folder ${file}`);
  }
  const days = read.integer('SECURITY_RETENTION_DAYS', 365, { min: 0, max: 36_500 });
  if (days > 0 && days < SHORTEST_RETENTION) {
    read.problem(
      'SECURITY_RETENTION_DAYS',
      `must be 0 (for ever) or at least ${SHORTEST_RETENTION}, not "${days}"`,
    );
  }
  const refusalsPerMinute = read.integer('SECURITY_REFUSALS_PER_MINUTE', 30, { min: 0, max: 1_000_000 });
  return { file, retentionDays: days, refusalsPerMinute };
}
