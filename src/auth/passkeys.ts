import { createHash } from 'node:crypto';
import type {
  AuthenticationResponseJSON,
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
  RegistrationResponseJSON,
} from '@simplewebauthn/server';
import type { Tenant } from '../tenancy/tenants.js';
import type { PasskeySite } from './passkey-sites.js';

/** A browser's answer to a request for a new passkey, and to one for a log-in. */
export type NewPasskeyAnswer = RegistrationResponseJSON;
export type PasskeyAnswer = AuthenticationResponseJSON;
/** Options for either, as `navigator.credentials` takes them in JSON. */
export type NewPasskeyOptions = PublicKeyCredentialCreationOptionsJSON;
export type PasskeyOptions = PublicKeyCredentialRequestOptionsJSON;

/** A passkey as an authenticator knows it. */
export interface PasskeyCredential {
  readonly credentialId: string;
  /** Names of transports, separated by commas. */
  readonly transports: string;
}

/** The key of a passkey, and the number of its uses that its authenticator has counted; 0 where it does not count. */
export interface PasskeyKey {
  readonly publicKey: Buffer;
  readonly counter: number;
}

/** Thrown for an answer that proves nothing; `isClone`: its counter is behind, as that of a copied authenticator. */
export class PasskeyError extends Error {
  constructor(
    message: string,
    readonly isClone = false,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Time that a user has at the authenticator's dialogue, in milliseconds. */
const DIALOGUE_MS = 240_000;
const TRANSPORTS = new Set(['ble', 'cable', 'hybrid', 'internal', 'nfc', 'smart-card', 'usb']);
/** The algorithms of COSE that authenticators know: EdDSA, ES256 and RS256. */
const ALGORITHMS = [-8, -7, -257];
/** Formats of attestation without certificates, whose check might fetch lists from addresses in the answer. */
const PLAIN_FORMATS = new Set(['none', 'packed']);

/** Loads the library when it is first needed: most processes never check a passkey. */
const webAuthn = () => import('@simplewebauthn/server');

/** Returns the options for a new passkey, which must verify its user (by PIN or biometrics). */
export async function newPasskeyOptions(
  site: PasskeySite,
  tenant: Tenant,
  user: { readonly id: number; readonly username: string; readonly name: string },
  challenge: string,
  known: readonly PasskeyCredential[],
): Promise<NewPasskeyOptions> {
  const { generateRegistrationOptions } = await webAuthn();
  return await generateRegistrationOptions({
    rpName: tenant.name,
    rpID: site.host,
    userName: user.username,
    userDisplayName: user.name || user.username,
    userID: handleOf(tenant, user.id),
    challenge: bytesOf(challenge),
    timeout: DIALOGUE_MS,
    attestationType: 'none',
    excludeCredentials: known.map(credentialOf),
    authenticatorSelection: { residentKey: 'preferred', userVerification: 'required' },
    supportedAlgorithmIDs: ALGORITHMS,
  });
}

/** Checks the answer to those options. @throws PasskeyError */
export async function readNewPasskey(
  answer: NewPasskeyAnswer,
  challenge: string,
  site: PasskeySite,
): Promise<PasskeyCredential & PasskeyKey> {
  const { verifyRegistrationResponse } = await webAuthn();
  const { decodeAttestationObject } = await import('@simplewebauthn/server/helpers');
  try {
    const attestation = decodeAttestationObject(bytesOf(answer.response.attestationObject));
    const hasCertificates = attestation.get('attStmt').get('x5c') !== undefined;
    if (!PLAIN_FORMATS.has(attestation.get('fmt')) || hasCertificates) {
      throw new PasskeyError('an attestation that nobody asked for');
    }
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response: answer,
      expectedChallenge: challenge,
      expectedOrigin: site.origin,
      expectedRPID: site.host,
      requireUserVerification: true,
      supportedAlgorithmIDs: ALGORITHMS,
    });
    if (!verified) throw new PasskeyError('the attestation does not verify');
    const { id, publicKey, counter } = registrationInfo.credential;
    const transports = (answer.response.transports ?? []).filter((name) => TRANSPORTS.has(name));
    return {
      credentialId: id,
      publicKey: Buffer.from(publicKey),
      counter,
      transports: [...new Set(transports)].join(','),
    };
  } catch (error) {
    throw error instanceof PasskeyError ? error : new PasskeyError('no new passkey', false, { cause: error });
  }
}

/** Returns the options for a log-in. @param known the user's passkeys of that host; none: any that the browser has */
export async function passkeyOptions(
  site: PasskeySite,
  challenge: string,
  known: readonly PasskeyCredential[],
): Promise<PasskeyOptions> {
  const { generateAuthenticationOptions } = await webAuthn();
  return await generateAuthenticationOptions({
    rpID: site.host,
    challenge: bytesOf(challenge),
    timeout: DIALOGUE_MS,
    userVerification: 'required',
    allowCredentials: known.map(credentialOf),
  });
}

/**
 * Checks the answer to those options.
 * @returns the authenticator's counter after this use
 * @throws PasskeyError
 */
export async function readPasskey(
  answer: PasskeyAnswer,
  challenge: string,
  site: PasskeySite,
  { publicKey, counter }: PasskeyKey,
): Promise<number> {
  const { verifyAuthenticationResponse } = await webAuthn();
  const key = { id: answer.id, publicKey: new Uint8Array(publicKey) };
  const check = async (from: number) =>
    await verifyAuthenticationResponse({
      response: answer,
      expectedChallenge: challenge,
      expectedOrigin: site.origin,
      expectedRPID: site.host,
      credential: { ...key, counter: from },
      requireUserVerification: true,
    });
  try {
    // The counter is compared here, so that a copy is told from an answer that is no proof at all.
    const { verified, authenticationInfo } = await check(0);
    if (!verified) throw new PasskeyError('the signature does not verify');
    const { newCounter } = authenticationInfo;
    if (newCounter <= counter && (newCounter > 0 || counter > 0)) {
      throw new PasskeyError('the counter is behind', true);
    }
    return newCounter;
  } catch (error) {
    throw error instanceof PasskeyError ? error : new PasskeyError('no proof', false, { cause: error });
  }
}

/** Returns the challenge that a passkey's answer says it answers; '' if it says none. */
export function challengeIn(answer: PasskeyAnswer | NewPasskeyAnswer): string {
  try {
    const data: unknown = JSON.parse(Buffer.from(answer.response.clientDataJSON, 'base64url').toString());
    const { challenge } = (data ?? {}) as { readonly challenge?: unknown };
    return typeof challenge === 'string' ? challenge : '';
  } catch {
    return '';
  }
}

/** Returns the name by which an authenticator knows a user, from which nobody learns who that is. */
function handleOf({ schema, createdAt }: Tenant, userId: number): Uint8Array<ArrayBuffer> {
  const text = JSON.stringify(['leopard user', schema, createdAt, userId]);
  return new Uint8Array(createHash('sha256').update(text).digest());
}

function credentialOf({ credentialId: id, transports }: PasskeyCredential) {
  const names = transports.split(',').filter(Boolean);
  return { id, ...(names.length > 0 && { transports: names }) };
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(text, 'base64url'));
}
