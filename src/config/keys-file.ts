import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { writeWhole } from '../platform/private-text-file.js';

/** A key as the file holds it. Times are ISO 8601. */
export interface KeyEntry {
  readonly id: string;
  /** Missing for SECRET_KEY, of which the file only tells when it ends, and for keys that are retired. */
  readonly secret?: string;
  readonly created_at: string;
  /** The time from which it signs. */
  readonly signs_from?: string;
  /** The time from which it does not verify any more. */
  readonly retires_at?: string;
}

/** Minimum number of characters of a secret. */
const SHORTEST_SECRET = 32;

/** Thrown for a keys file that cannot be used. */
class KeysFileError extends Error {}

/** Reads the keys; none where there is no file. @throws KeysFileError */
export function readKeysFile(file: string): KeyEntry[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw new KeysFileError(`${file} cannot be read (${message})`);
  }
  try {
    const { keys } = JSON.parse(text) as { keys: unknown };
    if (Array.isArray(keys) && keys.every(isEntry)) return keys;
  } catch {
    // reported below
  }
  throw new KeysFileError(`${file} does not hold keys as "leopard keys rotate" writes them`);
}

/** Writes the keys, readable by their owner only. @throws the system's error */
export function writeKeysFile(file: string, keys: readonly KeyEntry[]): void {
  mkdirSync(dirname(file), { recursive: true });
  writeWhole(file, `${JSON.stringify({ keys }, null, 2)}\n`);
}

/** Returns a new key that signs from a time on. */
export function newKey(now: Date, signsFrom: Date): KeyEntry {
  return {
    id: randomBytes(8).toString('hex'),
    secret: randomBytes(48).toString('base64url'),
    created_at: now.toISOString(),
    signs_from: signsFrom.toISOString(),
  };
}

function isEntry(value: unknown): value is KeyEntry {
  const { id, secret, created_at, signs_from, retires_at } = (value ?? {}) as Record<string, unknown>;
  const isTime = (time: unknown) => typeof time === 'string' && !Number.isNaN(Date.parse(time));
  return (
    typeof id === 'string' &&
    id !== '' &&
    isTime(created_at) &&
    (secret === undefined || (typeof secret === 'string' && secret.length >= SHORTEST_SECRET)) &&
    [signs_from, retires_at].every((time) => time === undefined || isTime(time))
  );
}
