import type { Database } from '../database/database.js';
import { type Statement, statement } from '../database/statement.js';
import { PlainError } from '../platform/plain-error.js';
import type { StorableAccount } from './new-account.js';

/** Inserts a user who holds every permission of the tenant: superuser and staff, in no group. */
export function superuserInsert({
  username,
  email,
  passwordHash,
  firstName = '',
  lastName = '',
}: StorableAccount): Statement<{ id: number }> {
  return statement(
    `INSERT INTO immigration_user (username, email, password, first_name, last_name, is_superuser, is_staff, is_active)
     VALUES ($1, $2, $3, $4, $5, true, true, true) RETURNING id`,
    [username, email, passwordHash, firstName, lastName],
  );
}

/**
 * Creates a superuser of a tenant. The tenant's limit of users does not hold here: it must not lock an operator out.
 * @returns the new user's id
 * @throws PlainError when the username or the e-mail address is taken, whatever its case; nothing is changed then
 */
export async function createSuperuser(
  database: Database,
  schema: string,
  account: StorableAccount,
): Promise<number> {
  return await database.tenantTransaction({ schema, userId: null }, async (transaction) => {
    // Only usernames are unique in the table; nobody else may add a user between the question and the answer.
    await transaction.query(statement('LOCK TABLE immigration_user IN SHARE ROW EXCLUSIVE MODE'));
    const taken = await transaction.query(
      statement<{ what: string }>(
        `SELECT CASE WHEN same_name THEN 'username' ELSE 'e-mail address' END AS what
         FROM immigration_user, LATERAL (
           SELECT lower(normalize(username, NFKC)) = lower(normalize($1::text, NFKC)) AS same_name,
                  lower(normalize(email, NFKC)) = lower(normalize($2::text, NFKC)) AS same_email) t
         WHERE same_name OR same_email ORDER BY 1 DESC`,
        [account.username, account.email],
      ),
    );
    if (taken[0]) {
      const value = taken[0].what === 'username' ? account.username : account.email;
      throw new PlainError(`there is a user with the ${taken[0].what} "${value}" in ${schema} already`);
    }
    const [created] = await transaction.last(superuserInsert(account));
    return created!.id;
  });
}
