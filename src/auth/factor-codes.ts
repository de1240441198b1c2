import { sql } from '../database/sql.js';
import type { Statement } from '../database/statement.js';
import type { TenantTransaction } from '../database/tenant-transaction.js';
import type { Tenant } from '../tenancy/tenants.js';
import { deleteRecoveryCodes, recoveryCodeIn, spendRecoveryCode } from './recovery-codes.js';
import { type SealedSecrets, UnreadableSecretError } from './sealed-secrets.js';
import { type FactorMethod, unreadableSecret } from './second-factor-answers.js';
import { isTotpCode } from './totp.js';
import { confirmTotp, deleteTotp, spendTotpCode } from './totp-secrets.js';

/** SQL for the second factors of a user `u`, and for `recovery_code` where any is left. */
export const FACTORS_OF = sql<FactorMethod[]>`ARRAY(
    SELECT 'totp' FROM totp_secret f WHERE f.user_id = u.id AND f.confirmed
    UNION ALL (SELECT 'passkey' FROM passkey f WHERE f.user_id = u.id LIMIT 1)
    UNION ALL (SELECT 'recovery_code' FROM recovery_code f WHERE f.user_id = u.id LIMIT 1))`;

/** An active user's second factors. */
export interface FactorsOfUser {
  readonly id: number;
  readonly username: string;
  readonly factors: readonly FactorMethod[];
}

/** Returns the query for the second factors of a tenant's active users. */
export function factorsOfUsers(): Statement<FactorsOfUser> {
  return sql`
    SELECT u.id, u.username, ${FACTORS_OF} AS factors FROM immigration_user u WHERE u.is_active ORDER BY u.id`;
}

/** Returns whether a user with these has a second factor: recovery codes alone are none. */
export function hasSecondFactor(factors: readonly FactorMethod[]): boolean {
  return factors.includes('totp') || factors.includes('passkey');
}

/**
 * Uses up a code of the user's authenticator app, or a recovery code.
 * @returns which of them it was; null for a wrong one, or one that was used
 * @throws HttpError 400 when the app's codes cannot be checked any more
 */
export async function spendCode(
  transaction: TenantTransaction,
  secrets: SealedSecrets,
  tenant: Tenant,
  userId: number,
  code: string,
): Promise<'totp' | 'recovery_code' | null> {
  const digits = code.replace(/\s/g, '');
  if (isTotpCode(digits)) {
    const isRight = readable(() => spendTotpCode(transaction, secrets, tenant, userId, digits));
    return (await isRight) ? 'totp' : null;
  }
  const recovery = recoveryCodeIn(code);
  if (recovery === null) return null;
  return (await spendRecoveryCode(transaction, userId, recovery)) ? 'recovery_code' : null;
}

/** Confirms the waiting secret by its first code. @returns false for another code */
export async function confirmByCode(
  transaction: TenantTransaction,
  secrets: SealedSecrets,
  tenant: Tenant,
  userId: number,
  code: string,
): Promise<boolean> {
  const digits = code.replace(/\s/g, '');
  if (!isTotpCode(digits)) return false;
  return await readable(() => confirmTotp(transaction, secrets, tenant, userId, digits));
}

/** Returns the statements that remove every second factor of a user, and the recovery codes. */
export function deleteFactors(userId: number): Statement[] {
  return [
    deleteTotp(userId),
    sql`DELETE FROM passkey WHERE user_id = ${userId}`,
    deleteRecoveryCodes(userId),
  ];
}

async function readable(check: () => Promise<boolean>): Promise<boolean> {
  try {
    return await check();
  } catch (error) {
    if (error instanceof UnreadableSecretError) throw unreadableSecret();
    throw error;
  }
}
