import type { CurrentUser } from '../../auth/current-user.js';
import { firstOr } from '../../database/pending.js';
import { sql } from '../../database/sql.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import { notFound } from '../../http/errors.js';
import type { PageOf, PageRequest } from '../../routing/pagination.js';
import type { Tenant } from '../../tenancy/tenants.js';
import { columnsOf, select } from '../shared/columns.js';
import { pageOf } from '../shared/page-of.js';
import { type SecondFactorStatus, selectFactors, shownFactors } from '../shared/second-factor-status.js';
import { PasskeyOutput } from './schemas.js';

/** Reads which second factors the user has. */
export function readStatus(
  transaction: TenantTransaction,
  tenant: Tenant,
  { id }: CurrentUser,
): Pending<SecondFactorStatus> {
  const found = transaction.send(selectFactors(sql`WHERE r.id = ${id}`));
  return found.map(firstOr(() => notFound('User'))).map((row) => shownFactors(tenant, row));
}

const COLUMNS = columnsOf('passkey', PasskeyOutput, {});

/** Returns a page of the user's own passkeys, the oldest first. */
export async function listPasskeys(
  transaction: TenantTransaction,
  { id }: CurrentUser,
  page: PageRequest,
): Promise<Pending<PageOf<PasskeyOutput>>> {
  const own = sql<boolean>`r.user_id = ${id}`;
  const counting = sql<{ count: number }>`SELECT count(*) AS count FROM passkey r WHERE ${own}`;
  return await pageOf(
    transaction,
    counting,
    select(COLUMNS, sql`FROM passkey r WHERE ${own} ORDER BY r.id`),
    page,
  );
}

/** Reads one of the user's own passkeys. @throws HttpError 404 */
export function readPasskey(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
): Pending<PasskeyOutput> {
  const found = transaction.send(
    select(COLUMNS, sql`FROM passkey r WHERE r.id = ${id} AND r.user_id = ${user.id}`),
  );
  return found.map(firstOr(() => notFound('Passkey')));
}
