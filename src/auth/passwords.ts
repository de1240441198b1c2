import { pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { type Algorithm, hash, verify } from '@node-rs/argon2';
import { type PasswordAsker, passwordWork } from './password-work.js';

const derive = promisify(pbkdf2);

/** OWASP's first choice for argon2id: 19 MiB, two passes, parallelism 1 (Password Storage Cheat Sheet). */
const ARGON2 = { algorithm: 2 as Algorithm.Argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 };
const CURRENT = /^argon2\$argon2id\$v=19\$m=19456,t=2,p=1\$/;
const ARGON2_PREFIX = 'argon2$';
const PBKDF2 = /^pbkdf2_sha256\$([1-9]\d{0,7})\$([^$]+)\$([A-Za-z0-9+/]{43}=)$/;

/** Maximum number of characters (code points) of a new password. */
export const LONGEST_PASSWORD = 1_024;
/** Maximum of bytes that are hashed: what the longest password can have in UTF-8. */
const MOST_BYTES = 4 * LONGEST_PASSWORD;
/** The text that is verified in place of a longer one, which no password is: that takes as long and never matches. */
const TOO_LONG = '\0';

/**
 * Hashes a password as Django's Argon2PasswordHasher does: `argon2$argon2id$v=19$…`.
 * @param asker the client that asks for it; nobody where a command does
 * @throws RangeError when it is too long; HttpError 429 or 503 when too much of such work waits
 */
export async function hashPassword(password: string, asker?: PasswordAsker): Promise<string> {
  if (isTooLong(password)) throw new RangeError(`a password has ${LONGEST_PASSWORD} characters at most`);
  return await passwordWork.run(async () => `argon2${await hash(password, ARGON2)}`, asker);
}

/**
 * Returns whether this is the stored password; false for unknown formats too, such as Django's "!".
 * @param asker the client that asks
 * @throws HttpError 429 or 503 when too much of such work waits
 */
export async function verifyPassword(
  password: string,
  stored: string,
  asker?: PasswordAsker,
): Promise<boolean> {
  return await passwordWork.run(() => verified(password, stored), asker);
}

async function verified(password: string, stored: string): Promise<boolean> {
  const text = isTooLong(password) ? TOO_LONG : password;
  if (stored.startsWith(ARGON2_PREFIX)) {
    return await verify(stored.slice('argon2'.length), text).catch(() => false);
  }
  const match = PBKDF2.exec(stored);
  if (!match) return false;
  const [, iterations, salt, expected] = match as unknown as [string, string, string, string];
  const wanted = Buffer.from(expected, 'base64');
  const derived = await derive(text, salt, Number(iterations), 32, 'sha256');
  return timingSafeEqual(wanted, derived);
}

function isTooLong(password: string): boolean {
  return password.length > MOST_BYTES || Buffer.byteLength(password) > MOST_BYTES;
}

/**
 * Returns whether a stored password should be rehashed at the next log-in, because its format or strength is outdated.
 */
export function needsRehash(stored: string): boolean {
  return !CURRENT.test(stored);
}

/** Returns whether verifyPassword knows the format of a stored text. */
export function isUsable(stored: string): boolean {
  return stored.startsWith(ARGON2_PREFIX) || PBKDF2.test(stored);
}

/** Returns a stored value that no password matches, as Django marks users who cannot log in. */
export function unusablePassword(): string {
  return `!${randomBytes(30).toString('base64url')}`;
}
