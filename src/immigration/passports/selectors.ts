import type { CurrentUser } from '../../auth/current-user.js';
import { scopeOf } from '../../auth/scope.js';
import { allOf } from '../../database/conditions.js';
import { type Sql, sql } from '../../database/sql.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import { notFound } from '../../http/errors.js';
import type { QueryParameters } from '../../http/fields/query-parameters.js';
import { readsLogged } from '../shared/audit-reads.js';
import { checkClientScope, clientBranch, clientInScope } from '../shared/client-access.js';
import { wrap } from '../shared/columns.js';
import { idFilter } from '../shared/filters.js';
import { Records } from '../shared/records.js';
import { PassportOutput } from './schemas.js';

/** The records of passports. A client has at most one, whose id is the client's. */
export const passports = new Records({
  table: 'immigration_passport',
  output: PassportOutput,
  columns: { client_id: 'id' },
});

/**
 * Reads passports for output, one or several, and writes that to the audit log: the only place that does.
 * @param shown the condition on rows `r`
 */
function showPassports(transaction: TenantTransaction, shown: Sql<boolean>): Pending<PassportOutput[]> {
  const logged = readsLogged('passport', sql`SELECT client_id FROM shown ORDER BY client_id`);
  const query = wrap(
    passports.select(sql`WHERE ${shown}`),
    (rows) => sql`
      WITH shown AS MATERIALIZED (${rows})
      SELECT shown.* FROM shown WHERE ${logged} ORDER BY created_at DESC, client_id DESC`,
  );
  return transaction.send(query);
}

/**
 * Returns the passports of all clients in scope, the newest first; of one client with `client_id`.
 * @throws HttpError 400
 */
export function listPassports(
  transaction: TenantTransaction,
  user: CurrentUser,
  query: QueryParameters,
): Pending<PassportOutput[]> {
  const asked = allOf([idFilter(query, 'client_id', 'r.id'), clientInScope(scopeOf(user), 'r.id')]);
  return showPassports(transaction, asked);
}

/** Returns a client's passport. @throws HttpError 404; 403 when the client is out of scope, with passport or without */
export function readPassport(
  transaction: TenantTransaction,
  user: CurrentUser,
  clientId: number,
): Pending<PassportOutput> {
  const finding = transaction.send(clientBranch(clientId));
  const reading = showPassports(
    transaction,
    sql`r.id = ${clientId}::bigint AND ${clientInScope(scopeOf(user), 'r.id')}`,
  );
  return finding.and(reading).map(([[client], [passport]]) => {
    if (client) checkClientScope(user, client);
    if (!passport) throw notFound('Passport');
    return passport;
  });
}
