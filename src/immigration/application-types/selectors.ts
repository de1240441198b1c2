import { allOf } from '../../database/conditions.js';
import { sql } from '../../database/queries.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import type { QueryParameters } from '../../http/fields/query-parameters.js';
import type { PageOf, PageRequest } from '../../routing/pagination.js';
import { booleanFilter, textFilter } from '../shared/filters.js';
import { pageOf } from '../shared/page-of.js';
import { nameOf } from '../shared/people.js';
import { Records } from '../shared/records.js';
import type { ApplicationTypeOutput } from './schemas.js';

export const applicationTypes = new Records({
  table: 'immigration_applicationtype',
  thing: 'Application type',
  softDelete: true,
  columns: sql<ApplicationTypeOutput>`
    r.id, r.title, r.currency, r.tax_name, r.tax_percentage, r.description, r.is_active,
    (SELECT count(*) FROM immigration_stage s WHERE s.application_type_id = r.id) AS stages_count,
    EXISTS (SELECT FROM immigration_collegeapplication a
            WHERE a.application_type_id = r.id AND a.deleted_at IS NULL) AS has_applications,
    r.created_by_id AS created_by, ${nameOf('r.created_by_id')} AS created_by_name, r.created_at,
    r.updated_by_id AS updated_by, r.updated_at`,
});

/** A page of the application types, by title. */
export async function listApplicationTypes(
  transaction: TenantTransaction,
  query: QueryParameters,
  page: PageRequest,
): Promise<PageOf<ApplicationTypeOutput>> {
  const asked = allOf([
    applicationTypes.notDeleted,
    textFilter(query, 'title'),
    booleanFilter(query, 'is_active'),
  ]);
  const rows = sql<ApplicationTypeOutput>`
    ${applicationTypes.from()} WHERE ${asked} ORDER BY r.title, r.id DESC`;
  return await pageOf(transaction, applicationTypes.counting(asked), rows, page);
}
