import { allOf } from '../../database/conditions.js';
import { sql } from '../../database/sql.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import type { QueryParameters } from '../../http/fields/query-parameters.js';
import type { PageOf, PageRequest } from '../../routing/pagination.js';
import { booleanFilter, textFilter } from '../shared/filters.js';
import { named } from '../shared/names.js';
import { Records } from '../shared/records.js';
import { ApplicationTypeOutput } from './schemas.js';

export const applicationTypes = new Records({
  table: 'immigration_applicationtype',
  output: ApplicationTypeOutput,
  columns: {
    stages_count: sql<number>`(SELECT count(*) FROM immigration_stage s WHERE s.application_type_id = r.id)`,
    has_applications: sql<boolean>`
      EXISTS (SELECT FROM immigration_collegeapplication a
              WHERE a.application_type_id = r.id AND a.deleted_at IS NULL)`,
    created_by_name: named('person', 'created_by_id'),
  },
});

/** Returns a page of the application types, by title. */
export async function listApplicationTypes(
  transaction: TenantTransaction,
  query: QueryParameters,
  page: PageRequest,
): Promise<Pending<PageOf<ApplicationTypeOutput>>> {
  const asked = allOf([
    applicationTypes.notDeleted,
    textFilter(query, 'title'),
    booleanFilter(query, 'is_active'),
  ]);
  return await applicationTypes.list(transaction, page, asked, sql`r.title, r.id DESC`);
}
