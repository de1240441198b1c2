import { isTextInAnyCase } from '../../database/same-text.js';
import { sql } from '../../database/sql.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { detailError, type FieldErrors, invalid } from '../../http/errors.js';
import type { Tenant } from '../../tenancy/tenants.js';

// Rules for all users of a tenant together. Whoever is about to break one must wait for concurrent attempts: each rule
// has a lock, and is checked in a statement after the lock's, which sees what was committed meanwhile.

const lock = (...keys: string[]) => sql`
  SELECT pg_advisory_xact_lock(hashtext(current_schema()), hashtext(key))
  FROM unnest(${[...keys].sort()}::text[]) AS wanted (key)`;

/** Reserves a seat for an active user. @throws HttpError 400 when the tenant has as many active users as it may have */
export async function claimSeat(transaction: TenantTransaction, tenant: Tenant): Promise<void> {
  transaction.send(lock('active users'));
  const [found] = await transaction.query(sql<{ count: number }>`
    SELECT count(*)::integer AS count FROM immigration_user WHERE is_active`);
  if ((found?.count ?? 0) < tenant.maxUsers) return;
  throw detailError(400, `The limit of ${tenant.maxUsers} active users is reached`);
}

/** Checks that another active SUPER_ADMIN remains. @throws HttpError 400 when this user is the last one */
export async function keepSuperAdmin(transaction: TenantTransaction, userId: number): Promise<void> {
  transaction.send(lock('super admins'));
  const [other] = await transaction.query(sql`
    SELECT u.id FROM immigration_user u
    JOIN immigration_user_groups ug ON ug.user_id = u.id JOIN auth_group g ON g.id = ug.group_id
    WHERE g.name = 'SUPER_ADMIN' AND u.is_active AND u.id <> ${userId} LIMIT 1`);
  if (!other) throw detailError(400, 'The last active SUPER_ADMIN cannot be removed, demoted or disabled');
}

/**
 * Checks that nobody else has this username or e-mail address, whatever their case and normal form, and keeps them
 * reserved until the transaction ends.
 * @throws HttpError 400 on each that is taken
 */
export async function claimIdentity(
  transaction: TenantTransaction,
  wanted: { readonly username?: string; readonly email?: string },
  except: number | null,
): Promise<void> {
  const { username = null, email = null } = wanted;
  const keys = Object.entries(wanted).map(
    ([field, value]) => `user ${field}\n${value.normalize('NFKC').toLowerCase()}`,
  );
  const other = sql`id IS DISTINCT FROM ${except}::bigint`;
  // The console adds users under a lock of the whole table, which this one waits for.
  transaction.send(sql`LOCK TABLE immigration_user IN ROW EXCLUSIVE MODE`);
  transaction.send(lock(...keys));
  const [taken] = await transaction.query(sql<{ username: boolean; email: boolean }>`
    SELECT EXISTS (SELECT FROM immigration_user WHERE ${isTextInAnyCase('username', username)} AND ${other}) AS username,
           EXISTS (SELECT FROM immigration_user WHERE ${isTextInAnyCase('email', email)} AND ${other}) AS email`);
  const errors: FieldErrors = {};
  for (const field of ['username', 'email'] as const) {
    if (taken?.[field]) errors[field] = [`A user with this ${field} already exists.`];
  }
  if (Object.keys(errors).length > 0) throw invalid(errors);
}
