import { newRecoveryCodes, recoveryCodeDigest, recoveryCodeIn } from '../auth/recovery-codes.js';
import { type SealedSecrets, UnreadableSecretError } from '../auth/sealed-secrets.js';
import { unreadableSecret } from '../auth/second-factor-answers.js';
import { isTotpCode, newTotpSecret, stepOfCode } from '../auth/totp.js';
import { sql } from '../database/sql.js';
import type { Statement } from '../database/statement.js';
import type { TenantTransaction } from '../database/tenant-transaction.js';

// The second factors of operators. Callers have locked the operator's row.

/** Time within which a new secret must be confirmed, in seconds. */
const CONFIRM_WITHIN = 900;

interface SecretRow {
  readonly sealed: Buffer;
  readonly keyId: string;
  readonly lastStep: number;
}

/** Returns the owner to which an operator's secret is sealed. */
const ownerOf = (operatorId: number) => `platform operator ${operatorId}`;

/** Stores a new secret, which waits for its first code. @returns it */
export function beginTotp(
  transaction: TenantTransaction,
  secrets: SealedSecrets,
  operatorId: number,
): Buffer {
  const secret = newTotpSecret();
  const { sealed, keyId } = secrets.seal(secret, ownerOf(operatorId));
  transaction.send(sql`
    INSERT INTO public.operator_factor (operator_id, confirmed, sealed, key_id)
    VALUES (${operatorId}, false, ${sealed}, ${keyId})
    ON CONFLICT (operator_id, confirmed) DO UPDATE SET
      sealed = excluded.sealed, key_id = excluded.key_id, last_step = 0, created_at = now()`);
  return secret;
}

/** Confirms the waiting secret by its first code, with new recovery codes. @returns them; null for another code */
export async function confirmTotp(
  transaction: TenantTransaction,
  secrets: SealedSecrets,
  operatorId: number,
  code: string,
): Promise<string[] | null> {
  const [row] = await transaction.query(sql<SecretRow>`
    SELECT sealed, key_id AS "keyId", last_step AS "lastStep" FROM public.operator_factor
    WHERE operator_id = ${operatorId} AND NOT confirmed AND created_at > now() - make_interval(secs => ${CONFIRM_WITHIN})
    FOR UPDATE`);
  const step = row ? stepIn(secrets, row, operatorId, code) : null;
  if (step === null) return null;
  transaction.send(sql`DELETE FROM public.operator_factor WHERE operator_id = ${operatorId} AND confirmed`);
  transaction.send(sql`
    UPDATE public.operator_factor SET confirmed = true, last_step = ${step}
    WHERE operator_id = ${operatorId} AND NOT confirmed`);
  const { codes, digests } = newRecoveryCodes();
  transaction.send(sql`DELETE FROM public.operator_recovery_code WHERE operator_id = ${operatorId}`);
  transaction.send(sql`
    INSERT INTO public.operator_recovery_code (operator_id, digest) SELECT ${operatorId}, unnest(${digests}::bytea[])`);
  return codes;
}

/**
 * Uses up a code of the authenticator app, or a recovery code.
 * @returns which of them it was; null for a wrong one, or one that was used
 * @throws HttpError 400 when the app's codes cannot be checked any more
 */
export async function spendCode(
  transaction: TenantTransaction,
  secrets: SealedSecrets,
  operatorId: number,
  code: string,
): Promise<'totp' | 'recovery_code' | null> {
  const recovery = recoveryCodeIn(code);
  if (recovery !== null) {
    const spent = await transaction.query(sql`
      DELETE FROM public.operator_recovery_code
      WHERE operator_id = ${operatorId} AND digest = ${recoveryCodeDigest(recovery)} RETURNING operator_id`);
    return spent.length > 0 ? 'recovery_code' : null;
  }
  const [row] = await transaction.query(sql<SecretRow>`
    SELECT sealed, key_id AS "keyId", last_step AS "lastStep" FROM public.operator_factor
    WHERE operator_id = ${operatorId} AND confirmed FOR UPDATE`);
  const step = row ? stepIn(secrets, row, operatorId, code) : null;
  if (!row || step === null) return null;
  const { sealed, keyId } = resealed(secrets, row, operatorId);
  transaction.send(sql`
    UPDATE public.operator_factor SET last_step = ${step}, sealed = ${sealed}, key_id = ${keyId}
    WHERE operator_id = ${operatorId} AND confirmed`);
  return 'totp';
}

/** Returns a secret sealed with the present key, also if it was sealed with a former one. */
function resealed(secrets: SealedSecrets, row: SecretRow, operatorId: number) {
  if (row.keyId === secrets.keyId) return row;
  const owner = ownerOf(operatorId);
  return secrets.seal(secrets.open(row, owner), owner);
}

/** Returns the statements that remove an operator's second factor and recovery codes. */
export function deleteFactors(operatorId: number): Statement[] {
  return [
    sql`DELETE FROM public.operator_factor WHERE operator_id = ${operatorId}`,
    sql`DELETE FROM public.operator_recovery_code WHERE operator_id = ${operatorId}`,
  ];
}

/** Returns the time step of a code; null for what is none, is wrong or was used. @throws HttpError 400 */
function stepIn(secrets: SealedSecrets, row: SecretRow, operatorId: number, code: string): number | null {
  const digits = code.replace(/\s/g, '');
  if (!isTotpCode(digits)) return null;
  try {
    return stepOfCode(secrets.open(row, ownerOf(operatorId)), digits, row.lastStep);
  } catch (error) {
    if (error instanceof UnreadableSecretError) throw unreadableSecret();
    throw error;
  }
}
