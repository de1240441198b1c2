import { createHmac, randomBytes } from 'node:crypto';

/** A secret for a new endpoint: 256 random bits. */
export function newSecret(): string {
  return `whsec_${randomBytes(32).toString('base64url')}`;
}

/**
 * The header by which a receiver knows that a body comes from here and is not an old one sent again:
 * `t=<seconds since 1970>,v1=<HMAC-SHA256 of "<t>.<body>" in hexadecimal>`, keyed with the secret's text.
 */
export function signatureHeader(secret: string, body: string, seconds: number): string {
  const digest = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
  return `t=${seconds},v1=${digest}`;
}
