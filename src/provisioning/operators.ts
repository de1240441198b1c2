import type { StorableAccount } from '../auth/new-account.js';
import type { ConnectionSettings } from '../config/config.js';
import { inTransaction, withOwner } from '../database/owner.js';
import { PlainError } from '../platform/plain-error.js';

/**
 * Creates an operator of the whole platform. Operators have no access to any tenant's API.
 * @returns the new operator's id
 * @throws PlainError when the username or the e-mail address is taken, whatever its case; nothing is changed then
 */
export async function createOperator(owner: ConnectionSettings, account: StorableAccount): Promise<number> {
  const { username, email, passwordHash } = account;
  return await withOwner(owner, (client) =>
    inTransaction(client, async () => {
      await client.query('LOCK TABLE public.auth_user IN SHARE ROW EXCLUSIVE MODE');
      const taken = await client.query<{ username: string; email: string }>(
        `SELECT username, email FROM public.auth_user
         WHERE lower(normalize(username, NFKC)) = lower(normalize($1::text, NFKC))
            OR lower(normalize(email, NFKC)) = lower(normalize($2::text, NFKC))`,
        [username, email],
      );
      if (taken.rows[0]) {
        throw new PlainError(
          `there is an operator ${taken.rows[0].username} (${taken.rows[0].email}) already; choose another username and e-mail address`,
        );
      }
      const { rows } = await client.query<{ id: string }>(
        `INSERT INTO public.auth_user (username, email, password, is_superuser, is_staff, is_active)
         VALUES ($1, $2, $3, true, true, true) RETURNING id`,
        [username, email, passwordHash],
      );
      return Number(rows[0]!.id);
    }),
  );
}
