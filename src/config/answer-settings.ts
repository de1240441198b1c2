import type { SettingsReader } from './settings-reader.js';

/** The memory for recent answers, which are given again as long as nothing they show has changed. */
export interface AnswerSettings {
  /** Bytes of each API process; 0: nothing is kept, and no answer has an ETag. */
  readonly most: number;
  /** Bytes of one tenant's answers; 0: no limit of its own. */
  readonly mostOfTenant: number;
}

const MEGABYTE = 1024 * 1024;
const MOST = 100_000;

/** Reads the settings of recent answers; errors become problems of `read`. */
export function readAnswerSettings(read: SettingsReader): AnswerSettings {
  const megabytes = (name: string, fallback: number) =>
    read.integer(name, fallback, { min: 0, max: MOST }) * MEGABYTE;
  return {
    most: megabytes('ANSWER_CACHE_MB', 64),
    mostOfTenant: megabytes('ANSWER_CACHE_PER_TENANT_MB', 16),
  };
}
