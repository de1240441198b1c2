import { allOf } from '../../database/conditions.js';
import { sql } from '../../database/sql.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import type { QueryParameters } from '../../http/fields/query-parameters.js';
import type { PageOf, PageRequest } from '../../routing/pagination.js';
import { idFilter } from '../shared/filters.js';
import { momentInRange, readMomentRange } from '../shared/moment-range.js';
import { Records } from '../shared/records.js';
import type { TenantTime } from '../shared/tenant-time.js';
import { SecurityEventOutput } from './schemas.js';

export const events = new Records({
  table: 'security_event',
  thing: 'Security event',
  output: SecurityEventOutput,
  columns: { actor: 'actor_id', actor_name: 'actor' },
});

/**
 * Reads a page of the security log, newest first, which ends after 10,000 events as that of the audit log does.
 * @param time the tenant's time, in which bare dates in `from` and `to` are days
 * @throws HttpError 400 for invalid filters
 */
export async function listSecurityEvents(
  transaction: TenantTransaction,
  query: QueryParameters,
  page: PageRequest,
  time: TenantTime,
): Promise<Pending<PageOf<SecurityEventOutput>>> {
  const kind = query.text('kind');
  const address = query.text('address');
  const asked = allOf([
    kind === undefined ? undefined : sql`r.kind = ${kind}`,
    address === undefined ? undefined : sql`r.address = ${address.toLowerCase()}`,
    idFilter(query, 'user', 'r.user_id'),
    idFilter(query, 'actor', 'r.actor_id'),
    momentInRange('r.at', readMomentRange(query, time, { from: 'from', to: 'to' })),
  ]);
  return await events.listFirst(transaction, page, asked, sql`r.at DESC, r.id DESC`);
}
