import { createHash, randomInt } from 'node:crypto';
import { sql } from '../database/sql.js';
import type { Statement } from '../database/statement.js';
import type { TenantTransaction } from '../database/tenant-transaction.js';

/** Number of codes that a user gets. */
const CODES = 10;
/** Crockford's letters: none looks like another. 25 of them are 125 bits, so a plain hash is enough (ASVS 6.5.2). */
const LETTERS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const GROUPS = 5;
const LETTERS_PER_GROUP = 5;

/**
 * Returns a typed code in the form in which it is hashed: capitals, without hyphens and spaces, with the letters that
 * are easily confused read as they were meant; null if it cannot be one.
 */
export function recoveryCodeIn(text: string): string | null {
  const letters = text.toUpperCase().replace(/[-\s]/g, '').replaceAll('O', '0').replace(/[IL]/g, '1');
  return /^[0-9A-HJKMNP-TV-Z]{25}$/.test(letters) ? letters : null;
}

/** Returns new codes, and what is stored of them. */
export function newRecoveryCodes(): { readonly codes: string[]; readonly digests: Buffer[] } {
  const codes = Array.from({ length: CODES }, newCode);
  return { codes, digests: codes.map((code) => recoveryCodeDigest(recoveryCodeIn(code) as string)) };
}

/** Replaces a user's codes by new ones, which are shown to the user once. */
export function replaceRecoveryCodes(transaction: TenantTransaction, userId: number): string[] {
  const { codes, digests } = newRecoveryCodes();
  transaction.send(deleteRecoveryCodes(userId));
  transaction.send(sql`
    INSERT INTO recovery_code (user_id, digest) SELECT ${userId}, unnest(${digests}::bytea[])`);
  return codes;
}

/** Returns the statement that removes all of a user's codes. */
export function deleteRecoveryCodes(userId: number): Statement {
  return sql`DELETE FROM recovery_code WHERE user_id = ${userId}`;
}

/** Uses up a code, as `recoveryCodeIn` returned it. @returns false if the user has no such code any more */
export async function spendRecoveryCode(
  transaction: TenantTransaction,
  userId: number,
  code: string,
): Promise<boolean> {
  const spent = await transaction.query(sql`
    DELETE FROM recovery_code WHERE user_id = ${userId} AND digest = ${recoveryCodeDigest(code)} RETURNING id`);
  return spent.length > 0;
}

function newCode(): string {
  const group = () =>
    Array.from({ length: LETTERS_PER_GROUP }, () => LETTERS[randomInt(LETTERS.length)]).join('');
  return Array.from({ length: GROUPS }, group).join('-');
}

/** Returns what is stored of a code, as `recoveryCodeIn` returned it. */
export function recoveryCodeDigest(code: string): Buffer {
  return createHash('sha256').update(code).digest();
}
