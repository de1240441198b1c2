import type { CurrentUser } from '../../auth/current-user.js';
import { sql } from '../../database/sql.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import type { QueryParameters } from '../../http/fields/query-parameters.js';
import type { PageOf, PageRequest } from '../../routing/pagination.js';
import { ClientRecords } from '../shared/client-records.js';
import { lookup } from '../shared/columns.js';
import { idFilter } from '../shared/filters.js';
import { ProficiencyOutput } from './schemas.js';

export const proficiencies = new ClientRecords({
  table: 'immigration_proficiency',
  latest: 'r.test_date',
  output: ProficiencyOutput,
  columns: { test_name_display: lookup('test_name_id', 'immigration_lpe', 'name') },
});

/** Returns a page of the results of clients in scope, the latest tests first. @throws HttpError 400 */
export async function listProficiencies(
  transaction: TenantTransaction,
  user: CurrentUser,
  query: QueryParameters,
  page: PageRequest,
): Promise<Pending<PageOf<ProficiencyOutput>>> {
  const day = query.date('test_date');
  return await proficiencies.list(transaction, user, query, page, [
    idFilter(query, 'test_name_id'),
    day === undefined ? undefined : sql`r.test_date = ${day}::date`,
  ]);
}
