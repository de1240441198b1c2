import { allOf } from '../../database/conditions.js';
import { sql } from '../../database/sql.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import type { QueryParameters } from '../../http/fields/query-parameters.js';
import type { PageOf, PageRequest } from '../../routing/pagination.js';
import { textFilter } from '../shared/filters.js';
import { Records } from '../shared/records.js';
import { LanguageExamOutput } from './schemas.js';

export const languageExams = new Records({
  table: 'immigration_lpe',
  output: LanguageExamOutput,
  columns: {},
});

/** Returns a page of the exams that staff may choose from, by name. */
export async function listLanguageExams(
  transaction: TenantTransaction,
  query: QueryParameters,
  page: PageRequest,
): Promise<Pending<PageOf<LanguageExamOutput>>> {
  const asked = allOf([textFilter(query, 'name')]);
  return await languageExams.list(transaction, page, asked, sql`r.name, r.id DESC`);
}
