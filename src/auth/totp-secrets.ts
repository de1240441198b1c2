import { sql } from '../database/sql.js';
import type { Statement } from '../database/statement.js';
import type { TenantTransaction } from '../database/tenant-transaction.js';
import type { Tenant } from '../tenancy/tenants.js';
import { type SealedSecrets, UnreadableSecretError } from './sealed-secrets.js';
import { newTotpSecret, stepOfCode } from './totp.js';

/** Time within which a new secret must be confirmed, in seconds. */
const CONFIRM_WITHIN = 900;
const RESEALED_AT_ONCE = 500;

interface SecretRow {
  readonly id: number;
  readonly sealed: Buffer;
  readonly keyId: string;
  readonly lastStep: number;
}

/** Returns the owner to which a user's secret is sealed. */
export const ownerOf = ({ schema }: Pick<Tenant, 'schema'>, userId: number) => `totp ${schema} ${userId}`;

/** Stores a new secret beside the user's present one, which stays until the new one is confirmed. @returns it */
export function beginTotp(
  transaction: TenantTransaction,
  secrets: SealedSecrets,
  tenant: Tenant,
  userId: number,
): Buffer {
  const secret = newTotpSecret();
  const { sealed, keyId } = secrets.seal(secret, ownerOf(tenant, userId));
  transaction.send(sql`
    INSERT INTO totp_secret (user_id, confirmed, sealed, key_id) VALUES (${userId}, false, ${sealed}, ${keyId})
    ON CONFLICT (user_id, confirmed) DO UPDATE SET
      sealed = excluded.sealed, key_id = excluded.key_id, last_step = 0, created_at = now()`);
  return secret;
}

/**
 * Puts the waiting secret in the place of the present one, if the code is one of it.
 * @returns false for another code, and where no secret waits
 * @throws UnreadableSecretError
 */
export async function confirmTotp(
  transaction: TenantTransaction,
  secrets: SealedSecrets,
  tenant: Tenant,
  userId: number,
  code: string,
): Promise<boolean> {
  const [row] = await transaction.query(sql<SecretRow>`
    SELECT id, sealed, key_id AS "keyId", last_step AS "lastStep" FROM totp_secret
    WHERE user_id = ${userId} AND NOT confirmed AND created_at > now() - make_interval(secs => ${CONFIRM_WITHIN})
    FOR UPDATE`);
  const step = row ? stepOfCode(secrets.open(row, ownerOf(tenant, userId)), code, row.lastStep) : null;
  if (!row || step === null) return false;
  transaction.send(sql`DELETE FROM totp_secret WHERE user_id = ${userId} AND confirmed`);
  transaction.send(sql`UPDATE totp_secret SET confirmed = true, last_step = ${step} WHERE id = ${row.id}`);
  return true;
}

/**
 * Uses up a code of the user's confirmed secret: neither it nor an earlier one is good again. A secret that was sealed
 * with an older key is sealed anew.
 * @returns false for a code that is wrong or was used
 * @throws UnreadableSecretError
 */
export async function spendTotpCode(
  transaction: TenantTransaction,
  secrets: SealedSecrets,
  tenant: Tenant,
  userId: number,
  code: string,
): Promise<boolean> {
  const [row] = await transaction.query(sql<SecretRow>`
    SELECT id, sealed, key_id AS "keyId", last_step AS "lastStep" FROM totp_secret
    WHERE user_id = ${userId} AND confirmed FOR UPDATE`);
  if (!row) return false;
  const owner = ownerOf(tenant, userId);
  const secret = secrets.open(row, owner);
  const step = stepOfCode(secret, code, row.lastStep);
  if (step === null) return false;
  const { sealed, keyId } = row.keyId === secrets.keyId ? row : secrets.seal(secret, owner);
  transaction.send(sql`
    UPDATE totp_secret SET last_step = ${step}, sealed = ${sealed}, key_id = ${keyId} WHERE id = ${row.id}`);
  return true;
}

/** The result of sealing secrets anew: how many were, and how many cannot be opened with any of the program's keys. */
export interface ResealedTotp {
  readonly resealed: number;
  readonly unreadable: number;
}

/** Seals all secrets of a tenant that were sealed with a former key with the present one. */
export async function resealTotp(
  transaction: TenantTransaction,
  secrets: SealedSecrets,
  tenant: Pick<Tenant, 'schema'>,
): Promise<ResealedTotp> {
  let [resealed, unreadable, last] = [0, 0, 0];
  for (;;) {
    const rows = await transaction.query(sql<SecretRow & { readonly userId: number }>`
      SELECT id, user_id AS "userId", sealed, key_id AS "keyId", last_step AS "lastStep" FROM totp_secret
      WHERE key_id <> ${secrets.keyId} AND id > ${last} ORDER BY id LIMIT ${RESEALED_AT_ONCE} FOR UPDATE`);
    for (const row of rows) {
      const owner = ownerOf(tenant, row.userId);
      const secret = openOrNull(secrets, row, owner);
      last = row.id;
      if (!secret) {
        unreadable++;
        continue;
      }
      const { sealed, keyId } = secrets.seal(secret, owner);
      transaction.send(sql`
        UPDATE totp_secret SET sealed = ${sealed}, key_id = ${keyId} WHERE id = ${row.id}`);
      resealed++;
    }
    if (rows.length < RESEALED_AT_ONCE) return { resealed, unreadable };
  }
}

function openOrNull(secrets: SealedSecrets, row: SecretRow, owner: string): Buffer | null {
  try {
    return secrets.open(row, owner);
  } catch (error) {
    if (error instanceof UnreadableSecretError) return null;
    throw error;
  }
}

/** Returns the statement that removes a user's secrets. */
export function deleteTotp(userId: number): Statement {
  return sql`DELETE FROM totp_secret WHERE user_id = ${userId}`;
}
