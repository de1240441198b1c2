import type { Database } from '../database/database.js';
import { isTextInAnyCase } from '../database/same-text.js';
import { sql } from '../database/sql.js';
import type { Statement } from '../database/statement.js';
import { PlainError } from '../platform/plain-error.js';
import type { StorableAccount } from './new-account.js';
import { recordSecurityEvent, type SecurityEvent } from './security-log.js';

/**
 * Returns the statement that inserts a user who holds every permission of the tenant: superuser and staff, in no group.
 */
export function superuserInsert({
  username,
  email,
  passwordHash,
  firstName = '',
  lastName = '',
}: StorableAccount): Statement<{ id: number }> {
  return sql`
    INSERT INTO immigration_user (username, email, password, first_name, last_name, is_superuser, is_staff, is_active)
    VALUES (${username}, ${email}, ${passwordHash}, ${firstName}, ${lastName}, true, true, true) RETURNING id`;
}

/** Returns the event of a new superuser for the security log. */
export function superuserCreated(userId: number, { username }: StorableAccount): SecurityEvent {
  return { kind: 'user_created', userId, username, actor: 'operator', detail: { superuser: true } };
}

/**
 * Creates a superuser of a tenant. The tenant's limit of users does not apply: it must not lock an operator out.
 * @returns the new user's id
 * @throws PlainError when the username or the e-mail address is taken, whatever its case; nothing is changed then
 */
export async function createSuperuser(
  database: Database,
  schema: string,
  account: StorableAccount,
): Promise<number> {
  return await database.tenantTransaction({ schema, userId: null }, async (transaction) => {
    // Only usernames are unique in the table; nobody else may add a user between the check and the insert.
    await transaction.query(sql`LOCK TABLE immigration_user IN SHARE ROW EXCLUSIVE MODE`);
    const taken = await transaction.query(sql<{ what: string }>`
      SELECT CASE WHEN same_name THEN 'username' ELSE 'e-mail address' END AS what
      FROM immigration_user, LATERAL (
        SELECT ${isTextInAnyCase('username', account.username)} AS same_name,
               ${isTextInAnyCase('email', account.email)} AS same_email) t
      WHERE same_name OR same_email ORDER BY 1 DESC`);
    if (taken[0]) {
      const value = taken[0].what === 'username' ? account.username : account.email;
      throw new PlainError(`there is a user with the ${taken[0].what} "${value}" in ${schema} already`);
    }
    const [created] = await transaction.query(superuserInsert(account));
    recordSecurityEvent(transaction, superuserCreated(created!.id, account));
    return created!.id;
  });
}
