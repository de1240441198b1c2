import { allOf } from '../../database/conditions.js';
import { sql } from '../../database/sql.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import type { QueryParameters } from '../../http/fields/query-parameters.js';
import type { PageOf, PageRequest } from '../../routing/pagination.js';
import { idFilter, searchFilter } from '../shared/filters.js';
import { named } from '../shared/names.js';
import { pageOf } from '../shared/page-of.js';
import { Records } from '../shared/records.js';
import { VisaCategoryOutput, VisaTypeOutput } from './schemas.js';

export const visaCategories = new Records({
  table: 'immigration_visacategory',
  output: VisaCategoryOutput,
  columns: {},
});

/** Returns every visa category, by name. */
export function listVisaCategories(transaction: TenantTransaction): Pending<VisaCategoryOutput[]> {
  return transaction.send(visaCategories.select(sql`ORDER BY r.name, r.id DESC`));
}

export const visaTypes = new Records({
  table: 'immigration_visatype',
  output: VisaTypeOutput,
  columns: {
    visa_category: sql<VisaCategoryOutput>`
      (SELECT json_build_object('id', c.id, 'name', c.name, 'code', c.code, 'description', c.description)
       FROM immigration_visacategory c WHERE c.id = r.visa_category_id)`,
    visa_category_name: named('visaCategory', 'visa_category_id'),
  },
});

/** Returns a page of the visa types, by their category's name and their own. */
export async function listVisaTypes(
  transaction: TenantTransaction,
  query: QueryParameters,
  page: PageRequest,
): Promise<Pending<PageOf<VisaTypeOutput>>> {
  const asked = allOf([searchFilter(query, 'r.name', 'r.code'), idFilter(query, 'visa_category_id')]);
  const rows = visaTypes.select(sql`
    JOIN immigration_visacategory k ON k.id = r.visa_category_id
    WHERE ${asked} ORDER BY k.name, r.name, r.id DESC`);
  return await pageOf(transaction, visaTypes.counting(asked), rows, page);
}
