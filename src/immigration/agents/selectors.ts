import { allOf } from '../../database/conditions.js';
import { sql } from '../../database/sql.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import type { QueryParameters } from '../../http/fields/query-parameters.js';
import type { PageOf, PageRequest } from '../../routing/pagination.js';
import { displayOf } from '../shared/display.js';
import { choiceFilter, deletedFilter, searchFilter, textFilter } from '../shared/filters.js';
import { STAMP_NAMES } from '../shared/names.js';
import { Records } from '../shared/records.js';
import { AgentOutput } from './schemas.js';

export const agents = new Records({
  table: 'immigration_agent',
  output: AgentOutput,
  columns: {
    ...STAMP_NAMES,
    agent_type_display: displayOf('r.agent_type'),
    country: sql<string | null>`nullif(r.country, '')`,
  },
});

/** Returns a page of the agency's agents, by name. */
export async function listAgents(
  transaction: TenantTransaction,
  query: QueryParameters,
  page: PageRequest,
): Promise<Pending<PageOf<AgentOutput>>> {
  const asked = allOf([
    deletedFilter(query),
    searchFilter(query, 'r.agent_name', 'r.email', 'r.phone_number'),
    textFilter(query, 'agent_name'),
    textFilter(query, 'email'),
    textFilter(query, 'phone_number'),
    choiceFilter(query, 'agent_type'),
    choiceFilter(query, 'country'),
  ]);
  return await agents.list(transaction, page, asked, sql`r.agent_name, r.id DESC`);
}
