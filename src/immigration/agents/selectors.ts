import { allOf } from '../../database/conditions.js';
import { sql } from '../../database/queries.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import type { QueryParameters } from '../../http/fields/query-parameters.js';
import type { PageOf, PageRequest } from '../../routing/pagination.js';
import { displayOf } from '../shared/display.js';
import { choiceFilter, deletedFilter, searchFilter, textFilter } from '../shared/filters.js';
import { pageOf } from '../shared/page-of.js';
import { Records, STAMPS } from '../shared/records.js';
import type { AgentOutput } from './schemas.js';

export const agents = new Records({
  table: 'immigration_agent',
  thing: 'Agent',
  softDelete: true,
  columns: sql<AgentOutput>`
    r.id, r.agent_name, r.agent_type,
    ${displayOf('r.agent_type')} AS agent_type_display,
    r.company_name, r.designation, r.phone_number, r.email, r.website, r.invoice_to, r.street, r.suburb, r.state,
    r.postcode, nullif(r.country, '') AS country, r.description, ${STAMPS}`,
});

/** A page of the agency's agents, by name. */
export async function listAgents(
  transaction: TenantTransaction,
  query: QueryParameters,
  page: PageRequest,
): Promise<PageOf<AgentOutput>> {
  const asked = allOf([
    deletedFilter(query),
    searchFilter(query, 'r.agent_name', 'r.email', 'r.phone_number'),
    textFilter(query, 'agent_name'),
    textFilter(query, 'email'),
    textFilter(query, 'phone_number'),
    choiceFilter(query, 'agent_type'),
    choiceFilter(query, 'country'),
  ]);
  const rows = sql<AgentOutput>`${agents.from()} WHERE ${asked} ORDER BY r.agent_name, r.id DESC`;
  return await pageOf(transaction, agents.counting(asked), rows, page);
}
