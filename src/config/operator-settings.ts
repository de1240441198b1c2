import type { SettingsReader } from './settings-reader.js';

/** The settings of the operators' API. Times are in seconds. */
export interface OperatorSettings {
  /** Time from its log-in after which a session ends, however it is used. */
  readonly sessionLifetime: number;
  readonly accessTokenLifetime: number;
}

const LONGEST = 30 * 86_400;

/** Reads the settings of the operators' API; errors become problems of `read`. */
export function readOperatorSettings(read: SettingsReader): OperatorSettings {
  return {
    sessionLifetime: read.integer('OPERATOR_SESSION_LIFETIME', 12 * 3_600, { min: 60, max: LONGEST }),
    accessTokenLifetime: read.integer('OPERATOR_ACCESS_TOKEN_LIFETIME', 600, { min: 1, max: 3_600 }),
  };
}
