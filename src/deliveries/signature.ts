import { createHmac, randomBytes } from 'node:crypto';

/** Returns a secret for a new endpoint: 256 random bits. */
export function newSecret(): string {
  return `whsec_${randomBytes(32).toString('base64url')}`;
}

/**
 * Returns the header with which a receiver can verify that a body comes from here and is no replay: `t=<seconds since
 * 1970>,v1=<HMAC-SHA256 of "<t>.<body>" in hexadecimal>`, keyed with the secret's text; one `v1` for each secret.
 */
export function signatureHeader(secrets: readonly string[], body: string, seconds: number): string {
  const signatures = secrets.map((secret) => {
    const digest = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
    return `v1=${digest}`;
  });
  return [`t=${seconds}`, ...signatures].join(',');
}
