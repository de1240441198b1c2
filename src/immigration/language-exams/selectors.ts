import { allOf } from '../../database/conditions.js';
import { sql } from '../../database/queries.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import type { QueryParameters } from '../../http/fields/query-parameters.js';
import type { PageOf, PageRequest } from '../../routing/pagination.js';
import { textFilter } from '../shared/filters.js';
import { pageOf } from '../shared/page-of.js';
import { Records } from '../shared/records.js';
import type { LanguageExamOutput } from './schemas.js';

export const languageExams = new Records({
  table: 'immigration_lpe',
  thing: 'Language exam',
  softDelete: false,
  columns: sql<LanguageExamOutput>`
    r.id, r.name, r.validity_term, r.description, r.created_at, r.updated_at`,
});

/** A page of the exams that staff may choose from, by name. */
export async function listLanguageExams(
  transaction: TenantTransaction,
  query: QueryParameters,
  page: PageRequest,
): Promise<PageOf<LanguageExamOutput>> {
  const asked = allOf([textFilter(query, 'name')]);
  const rows = sql<LanguageExamOutput>`${languageExams.from()} WHERE ${asked} ORDER BY r.name, r.id DESC`;
  return await pageOf(transaction, languageExams.counting(asked), rows, page);
}
