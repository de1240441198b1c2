import { allOf } from '../../database/conditions.js';
import { sql } from '../../database/queries.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import type { QueryParameters } from '../../http/fields/query-parameters.js';
import type { PageOf, PageRequest } from '../../routing/pagination.js';
import { idFilter, searchFilter } from '../shared/filters.js';
import { pageOf } from '../shared/page-of.js';
import { Records } from '../shared/records.js';
import type { VisaCategoryOutput, VisaTypeOutput } from './schemas.js';

export const visaCategories = new Records({
  table: 'immigration_visacategory',
  thing: 'Visa category',
  softDelete: false,
  columns: sql<VisaCategoryOutput>`r.id, r.name, r.code, r.description`,
});

/** Every visa category, by name. */
export async function listVisaCategories(transaction: TenantTransaction): Promise<VisaCategoryOutput[]> {
  return await transaction.last(sql<VisaCategoryOutput>`${visaCategories.from()} ORDER BY r.name, r.id DESC`);
}

export const visaTypes = new Records({
  table: 'immigration_visatype',
  thing: 'Visa type',
  softDelete: false,
  columns: sql<VisaTypeOutput>`
    r.id,
    (SELECT json_build_object('id', c.id, 'name', c.name, 'code', c.code, 'description', c.description)
     FROM immigration_visacategory c WHERE c.id = r.visa_category_id) AS visa_category,
    (SELECT c.name FROM immigration_visacategory c WHERE c.id = r.visa_category_id) AS visa_category_name,
    r.name, r.code, r.description, r.checklist`,
});

/** A page of the visa types, by their category's name and their own. */
export async function listVisaTypes(
  transaction: TenantTransaction,
  query: QueryParameters,
  page: PageRequest,
): Promise<PageOf<VisaTypeOutput>> {
  const asked = allOf([searchFilter(query, 'r.name', 'r.code'), idFilter(query, 'visa_category_id')]);
  const rows = sql<VisaTypeOutput>`
    ${visaTypes.from()} JOIN immigration_visacategory k ON k.id = r.visa_category_id
    WHERE ${asked} ORDER BY k.name, r.name, r.id DESC`;
  return await pageOf(transaction, visaTypes.counting(asked), rows, page);
}
