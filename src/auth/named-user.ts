import { sql } from '../database/sql.js';
import type { TenantTransaction } from '../database/tenant-transaction.js';
import { PlainError } from '../platform/plain-error.js';

interface NamedUser {
  readonly id: number;
  readonly username: string;
}

/**
 * Finds and locks the user that an operator names.
 * @param user e-mail address or username, in any case
 * @throws PlainError when there is no such user, or more than one
 */
export async function lockNamedUser(
  transaction: TenantTransaction,
  schema: string,
  user: string,
): Promise<NamedUser> {
  const [found, another] = await transaction.query(sql<NamedUser>`
    SELECT id, username FROM immigration_user
    WHERE lower(normalize(${user.trim()}::text, NFKC)) IN (lower(normalize(email, NFKC)), lower(normalize(username, NFKC)))
    ORDER BY id LIMIT 2 FOR NO KEY UPDATE`);
  if (!found) {
    throw new PlainError(`there is no user ${user} in ${schema}; see: leopard assign_user_scope --list`);
  }
  if (another) throw new PlainError(`several users of ${schema} match ${user}; give a username`);
  return found;
}
