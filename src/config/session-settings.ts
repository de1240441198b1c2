import { join, resolve } from 'node:path';
import { readKeysFile } from './keys-file.js';
import type { SettingsReader } from './settings-reader.js';

/** The settings of sessions and of the keys of their tokens. */
export interface SessionSettings {
  /** Seconds after its log-in at which a session ends, however it is used; 0: never. */
  readonly lifetime: number;
  /** The file with the keys that sign and verify in addition to the secret key. */
  readonly keysFile: string;
}

const MONTH = 30 * 86_400;
const LONGEST = 3_660 * 86_400;

/**
 * Reads the settings of sessions; errors become problems of `read`.
 * @param refreshTokenLifetime in seconds: where it is longer than the usual lifetime of sessions, it is theirs too
 */
export function readSessionSettings(
  read: SettingsReader,
  {
    directory,
    dataDirectory,
    refreshTokenLifetime,
  }: { readonly directory: string; readonly dataDirectory: string; readonly refreshTokenLifetime: number },
): SessionSettings {
  const usual = Math.max(MONTH, refreshTokenLifetime);
  const keysFile = resolve(directory, read.text('LEOPARD_KEYS_FILE', join(dataDirectory, 'keys.json')));
  try {
    readKeysFile(keysFile);
  } catch (error) {
    read.problem('LEOPARD_KEYS_FILE', `cannot be used: ${(error as Error).message}`);
  }
  return {
    lifetime: read.integer('SESSION_LIFETIME', usual, { min: 0, max: LONGEST }),
    keysFile,
  };
}
