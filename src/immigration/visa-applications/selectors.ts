import type { CurrentUser } from '../../auth/current-user.js';
import { scopeOf } from '../../auth/scope.js';
import { allOf } from '../../database/conditions.js';
import { sql } from '../../database/sql.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import type { QueryParameters } from '../../http/fields/query-parameters.js';
import type { PageOf, PageRequest } from '../../routing/pagination.js';
import { applicationBranch, checkApplicationScope, clientNameFilter } from '../shared/application-access.js';
import { clientInScope } from '../shared/client-access.js';
import { lookup } from '../shared/columns.js';
import { choiceFilter, idFilter } from '../shared/filters.js';
import { clientName, named } from '../shared/names.js';
import { Records } from '../shared/records.js';
import { VISA_STATUSES, VisaApplicationOutput, type VisaStatusCounts } from './schemas.js';

/** The word for an application in errors. */
export const WHAT = 'visa application';

export const visaApplications = new Records({
  table: 'immigration_visaapplication',
  output: VisaApplicationOutput,
  columns: {
    client_name: clientName('client_id'),
    visa_type_name: lookup('visa_type_id', 'immigration_visatype', 'name'),
    visa_category_name: sql<string>`
      (SELECT k.name FROM immigration_visatype t JOIN immigration_visacategory k ON k.id = t.visa_category_id
       WHERE t.id = r.visa_type_id)`,
    assigned_to_name: named('person', 'assigned_to_id'),
    created_by_name: named('person', 'created_by_id'),
  },
});

/** Returns the condition that an application `r` is in scope; those of archived clients are not. */
export const inScope = (user: CurrentUser) => clientInScope(scopeOf(user), 'r.client_id');

/** Returns a page of the applications in scope, newest first. @throws HttpError 400 for invalid filters */
export async function listVisaApplications(
  transaction: TenantTransaction,
  user: CurrentUser,
  query: QueryParameters,
  page: PageRequest,
): Promise<Pending<PageOf<VisaApplicationOutput>>> {
  const [from, to] = [query.date('date_applied_from'), query.date('date_applied_to')];
  const asked = allOf([
    choiceFilter(query, 'status'),
    idFilter(query, 'client_id'),
    idFilter(query, 'visa_type_id'),
    idFilter(query, 'assigned_to_id'),
    idFilter(query, 'created_by_id'),
    clientNameFilter(query),
    from !== undefined && sql`r.date_applied >= ${from}::date`,
    to !== undefined && sql`r.date_applied <= ${to}::date`,
    inScope(user),
  ]);
  return await visaApplications.list(transaction, page, asked, sql`r.created_at DESC, r.id DESC`);
}

/** Returns one application. @throws HttpError 404; 403 when its client is out of scope */
export function readVisaApplication(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
): Pending<VisaApplicationOutput> {
  const finding = transaction.send(applicationBranch('immigration_visaapplication', id));
  const reading = visaApplications.read(transaction, id).and(finding);
  return reading.map(([application, [found]]) => {
    checkApplicationScope(user, WHAT, id, found);
    return application;
  });
}

/** Returns how many applications in scope have each status, and in total. */
export function visaStatusCounts(
  transaction: TenantTransaction,
  user: CurrentUser,
): Pending<VisaStatusCounts> {
  const counting = sql<{ status: string; count: number }>`
    SELECT r.status, count(*) AS count FROM immigration_visaapplication r WHERE ${inScope(user)} GROUP BY r.status`;
  return transaction.send(counting).map(statusCounts);
}

function statusCounts(
  rows: readonly { readonly status: string; readonly count: number }[],
): VisaStatusCounts {
  const counts = Object.fromEntries(VISA_STATUSES.map((status) => [status, 0])) as Omit<
    VisaStatusCounts,
    'TOTAL'
  >;
  let TOTAL = 0;
  for (const { status, count } of rows) {
    TOTAL += count;
    if (status in counts) counts[status as keyof typeof counts] = count;
  }
  return { ...counts, TOTAL };
}
