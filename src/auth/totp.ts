import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** The length of a time step in seconds, and of a code in digits: what all authenticator apps take by default. */
const STEP_SECONDS = 30;
const DIGITS = 6;
/** Number of steps by which a device's clock may be off, either way. */
const DRIFT = 1;
/** The length of SHA-1, as RFC 4226 recommends. */
const SECRET_BYTES = 20;
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const BITS_PER_LETTER = 5;

/** Returns a new random secret. */
export function newTotpSecret(): Buffer {
  return randomBytes(SECRET_BYTES);
}

/** Returns the code of a time step (RFC 4226, section 5.3). */
export function totpCode(secret: Buffer, step: number, digits = DIGITS): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const hash = createHmac('sha1', secret).update(counter).digest();
  const offset = (hash.at(-1) as number) & 0xf;
  const number = hash.readUInt32BE(offset) & 0x7f_ff_ff_ff;
  return String(number % 10 ** digits).padStart(digits, '0');
}

/** Returns the time step of a moment (RFC 6238, section 4). @param now in milliseconds since 1970 */
export function totpStep(now: number): number {
  return Math.floor(now / 1000 / STEP_SECONDS);
}

/**
 * Returns the time step that a code belongs to; null if it is none of the present or a neighbouring step, or not newer
 * than the last step that was used.
 * @param now in milliseconds since 1970
 */
export function stepOfCode(secret: Buffer, code: string, lastStep: number, now = Date.now()): number | null {
  const present = totpStep(now);
  let found: number | null = null;
  for (let step = present - DRIFT; step <= present + DRIFT; step++) {
    const isSame = timingSafeEqual(Buffer.from(totpCode(secret, step)), Buffer.from(code.padEnd(DIGITS)));
    if (isSame && step > lastStep) found ??= step;
  }
  return found;
}

/** Returns whether a text has the form of a code. */
export function isTotpCode(text: string): boolean {
  return /^[0-9]{6}$/.test(text);
}

/** Returns bytes in Base32 (RFC 4648) without padding, which authenticator apps read. */
export function base32(bytes: Buffer): string {
  let text = '';
  let value = 0;
  let bits = 0;
  for (const byte of bytes) {
    value = (value << 8) | byte;
    bits += 8;
    while (bits >= BITS_PER_LETTER) {
      bits -= BITS_PER_LETTER;
      text += BASE32[(value >>> bits) & 31];
    }
    value &= (1 << bits) - 1;
  }
  return bits > 0 ? text + BASE32[(value << (BITS_PER_LETTER - bits)) & 31] : text;
}

/** Returns the address that an authenticator app reads from a QR code. @param issuer the agency's name */
export function totpAddress(secret: Buffer, issuer: string, username: string): string {
  const label = `${encodeURIComponent(issuer.replaceAll(':', ' '))}:${encodeURIComponent(username)}`;
  const parameters = `secret=${base32(secret)}&issuer=${encodeURIComponent(issuer.replaceAll(':', ' '))}`;
  return `otpauth://totp/${label}?${parameters}&algorithm=SHA1&digits=${DIGITS}&period=${STEP_SECONDS}`;
}
