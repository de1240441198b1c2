import { sql } from '../database/sql.js';
import type { Statement } from '../database/statement.js';
import type { TenantTransaction } from '../database/tenant-transaction.js';
import { detailError } from '../http/errors.js';
import type { PasskeySite } from './passkey-sites.js';
import { type PasskeyAnswer, type PasskeyCredential, type PasskeyKey, readPasskey } from './passkeys.js';

/** Maximum number of passkeys of a user. */
const MOST_PASSKEYS = 20;

/** A stored passkey. */
export interface StoredPasskey extends PasskeyCredential, PasskeyKey {
  readonly id: number;
  readonly userId: number;
  readonly host: string;
}

/** Returns the query for a user's passkeys of a host, as options for the browser name them. */
export function passkeysOf(userId: number, host: string): Statement<PasskeyCredential> {
  return sql`
    SELECT credential_id AS "credentialId", transports FROM passkey
    WHERE user_id = ${userId} AND host = ${host} ORDER BY id`;
}

/** Returns the query for the passkey that an answer names. */
export function passkeyNamed(credentialId: string): Statement<StoredPasskey> {
  return sql`
    SELECT id, user_id AS "userId", host, credential_id AS "credentialId", transports, public_key AS "publicKey", counter
    FROM passkey WHERE credential_id = ${credentialId}`;
}

/**
 * Stores a new passkey of a user whose row the caller has locked.
 * @throws HttpError 400 when it is stored already, or the user has too many
 */
export async function addPasskey(
  transaction: TenantTransaction,
  userId: number,
  { host }: PasskeySite,
  name: string,
  { credentialId, publicKey, counter, transports }: PasskeyCredential & PasskeyKey,
): Promise<number> {
  const [added] = await transaction.query(sql<{ id: number }>`
    INSERT INTO passkey (user_id, name, host, credential_id, public_key, counter, transports)
    SELECT ${userId}, ${name}, ${host}, ${credentialId}, ${publicKey}, ${counter}, ${transports}
    WHERE (SELECT count(*) FROM passkey WHERE user_id = ${userId}) < ${MOST_PASSKEYS}
    ON CONFLICT (credential_id) DO NOTHING RETURNING id`);
  if (added) return added.id;
  throw detailError(400, `The passkey is known already, or there are ${MOST_PASSKEYS} of them.`);
}

/**
 * Checks the answer of one of a user's passkeys, and stores its counter. The caller has locked the user's row.
 * @returns the passkey's id
 * @throws PasskeyError
 */
export async function usePasskey(
  transaction: TenantTransaction,
  passkey: StoredPasskey,
  answer: PasskeyAnswer,
  challenge: string,
  site: PasskeySite,
): Promise<void> {
  const counter = await readPasskey(answer, challenge, site, passkey);
  transaction.send(sql`
    UPDATE passkey SET counter = ${counter}, last_used_at = now() WHERE id = ${passkey.id}`);
}
