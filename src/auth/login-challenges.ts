import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { type KeyRing, PurposeKeys } from '../config/key-ring.js';
import { sql } from '../database/sql.js';
import type { Statement } from '../database/statement.js';
import type { TenantTransaction } from '../database/tenant-transaction.js';
import type { Tenant } from '../tenancy/tenants.js';

/**
 * The use of a challenge: a log-in's second factor; the set-up of a first one, which the agency requires; a passkey that
 * a signed-in user adds; a log-in with a passkey alone; a new password that is demanded, of users without second factor
 * or after it.
 */
export type ChallengePurpose =
  | 'factor'
  | 'enrolment'
  | 'passkey'
  | 'passkey-log-in'
  | 'password'
  | 'password-after-factor';

/** A challenge as it was issued. Times in seconds since 1970. */
export interface Challenge {
  readonly text: string;
  /** 0 where the user is not known yet. */
  readonly userId: number;
  /** The user's `tokensFrom` when it was issued: where it has changed, all that was begun before has ended. */
  readonly tokensFrom: number;
  readonly expiresAt: number;
}

/** The tenant of a challenge, or what stands for one: the same in no other place. */
export type ChallengePlace = Pick<Tenant, 'schema' | 'createdAt'>;

/** Time for which challenges are good, in seconds. */
const LIFETIMES: Readonly<Record<ChallengePurpose, number>> = {
  factor: 300,
  enrolment: 900,
  passkey: 300,
  'passkey-log-in': 300,
  password: 900,
  'password-after-factor': 900,
};
const NOBODY = { id: 0, tokensFrom: 0 };
const KEY_PURPOSE = 'leopard log-in challenges';
const NONCE_BYTES = 16;
/** The places of user id, `tokensFrom` and time of issue behind the nonce. */
const USER = NONCE_BYTES;
const FROM = USER + 8;
const ISSUED = FROM + 6;
const BODY_BYTES = ISSUED + 6;
const TIME_BYTES = 6;
const FORM = /^[\w-]{91}$/;

/**
 * Issues the challenges between the steps of a log-in. They are signed, so that nothing is stored for a log-in that never
 * goes on; each is bound to a purpose, a tenant and a user, and is good once: a used one is stored until it expires.
 */
export class LoginChallenges {
  readonly #keys: PurposeKeys;

  /** @param keys the program's keys: the present one signs, all that are not retired verify */
  constructor(keys: KeyRing) {
    this.#keys = new PurposeKeys(keys, KEY_PURPOSE);
  }

  /** Issues a challenge. @param user without one, for whoever answers it */
  issue(
    purpose: ChallengePurpose,
    tenant: ChallengePlace,
    { id, tokensFrom }: { readonly id: number; readonly tokensFrom: number } = NOBODY,
  ): string {
    const bytes = Buffer.alloc(BODY_BYTES);
    randomBytes(NONCE_BYTES).copy(bytes);
    bytes.writeBigUInt64BE(BigInt(id), USER);
    bytes.writeUIntBE(Math.floor(tokensFrom), FROM, TIME_BYTES);
    bytes.writeUIntBE(Math.floor(Date.now() / 1000), ISSUED, TIME_BYTES);
    const mac = macOf(this.#keys.signing, purpose, tenant, bytes);
    return Buffer.concat([bytes, mac]).toString('base64url');
  }

  /** Reads a challenge. @returns null for one that is not of this purpose and tenant, or has expired */
  read(text: string, purpose: ChallengePurpose, tenant: ChallengePlace): Challenge | null {
    if (!FORM.test(text)) return null;
    const given = Buffer.from(text, 'base64url');
    if (given.toString('base64url') !== text) return null; // else one challenge would have several texts
    const [bytes, mac] = [given.subarray(0, BODY_BYTES), given.subarray(BODY_BYTES)];
    if (!this.#keys.verifying.some((key) => timingSafeEqual(macOf(key, purpose, tenant, bytes), mac)))
      return null;
    const expiresAt = bytes.readUIntBE(ISSUED, TIME_BYTES) + LIFETIMES[purpose];
    if (expiresAt <= Date.now() / 1000) return null;
    const userId = Number(bytes.readBigUInt64BE(USER));
    return { text, userId, tokensFrom: bytes.readUIntBE(FROM, TIME_BYTES), expiresAt };
  }
}

/** Returns the code that authenticates a challenge; the tenant's age tells it from a later one of the same name. */
function macOf(
  key: Buffer,
  purpose: ChallengePurpose,
  { schema, createdAt }: ChallengePlace,
  bytes: Buffer,
): Buffer {
  const bound = JSON.stringify([purpose, schema, createdAt]);
  return createHmac('sha256', key).update(bound).update(bytes).digest();
}

/** Returns what is stored of a used challenge. */
export const challengeDigest = ({ text }: Challenge) => createHash('sha256').update(text).digest();

/** Returns the query for whether a challenge was used: a row if it was. */
export function spentChallenge(challenge: Challenge): Statement {
  return sql`SELECT expires_at FROM spent_challenge WHERE digest = ${challengeDigest(challenge)}`;
}

/**
 * Uses up a challenge; of two concurrent uses one succeeds, once the other's transaction has ended.
 * @returns false if it was used before
 */
export async function spendChallenge(transaction: TenantTransaction, challenge: Challenge): Promise<boolean> {
  const spent = await transaction.query(sql`
    INSERT INTO spent_challenge (digest, expires_at)
    VALUES (${challengeDigest(challenge)}, to_timestamp(${challenge.expiresAt}))
    ON CONFLICT (digest) DO NOTHING RETURNING expires_at`);
  return spent.length > 0;
}
