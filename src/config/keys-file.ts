import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PlainError } from '../platform/plain-error.js';
import { writePrivateFile } from '../platform/private-text-file.js';

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
  writePrivateFile(file, `${JSON.stringify({ keys }, null, 2)}\n`);
}

/** Time to wait for another command that changes the file, in milliseconds. */
const LOCK_WAIT = 5_000;
const LOCK_RETRY = 20;

/**
 * Reads, changes and writes the keys. Commands that do so at once take turns, so that none loses what another has
 * written: the file `<file>.lock` exists while one is at work.
 * @param wait the longest time to wait for the others, in milliseconds
 * @returns the keys as they are written
 * @throws PlainError if the others take longer; KeysFileError; the system's error; what `change` throws
 */
export async function changeKeysFile(
  file: string,
  change: (keys: readonly KeyEntry[]) => readonly KeyEntry[],
  { wait = LOCK_WAIT } = {},
): Promise<readonly KeyEntry[]> {
  mkdirSync(dirname(file), { recursive: true });
  const lock = `${file}.lock`;
  const deadline = Date.now() + wait;
  while (!lockedWith(lock)) {
    if (Date.now() >= deadline) {
      throw new PlainError(`another command changes the keys; if none is running, remove ${lock}`);
    }
    await sleep(LOCK_RETRY);
  }
  try {
    const keys = change(readKeysFile(file));
    writeKeysFile(file, keys);
    return keys;
  } finally {
    rmSync(lock, { force: true });
  }
}

/** Creates the lock. @returns false if another command has it */
function lockedWith(lock: string): boolean {
  try {
    closeSync(openSync(lock, 'wx', 0o600));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Finds the key that signs at a time: the youngest whose time has come; none where that is SECRET_KEY.
 * @param now in milliseconds since 1970
 */
export function signingEntry(keys: readonly KeyEntry[], now: number): KeyEntry | undefined {
  const since = ({ secret, signs_from }: KeyEntry) =>
    secret && signs_from ? Date.parse(signs_from) : Infinity;
  return keys
    .filter((key) => since(key) <= now)
    .toSorted((a, b) => since(a) - since(b))
    .at(-1);
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
