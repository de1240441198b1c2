import { allOf } from '../../database/conditions.js';
import { type Sql, sql } from '../../database/sql.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import type { QueryParameters } from '../../http/fields/query-parameters.js';
import { isId } from '../../http/path-id.js';
import type { PageOf, PageRequest } from '../../routing/pagination.js';
import { idFilter } from '../shared/filters.js';
import { momentInRange, readMomentRange } from '../shared/moment-range.js';
import { Records } from '../shared/records.js';
import type { TenantTime } from '../shared/tenant-time.js';
import { AuditEntryOutput, OPERATIONS, type Operation } from './schemas.js';

export const entries = new Records({
  table: 'audit_entry',
  thing: 'Audit entry',
  output: AuditEntryOutput,
  columns: {},
});

/**
 * Reads a page of the log, newest first. Counting and paging through very many entries would take too long, so the list
 * ends after 10,000; narrower times show older ones.
 * @param time the tenant's time, in which bare dates in `from` and `to` are days
 * @throws HttpError 400 for invalid filters
 */
export async function listEntries(
  transaction: TenantTransaction,
  query: QueryParameters,
  page: PageRequest,
  time: TenantTime,
): Promise<Pending<PageOf<AuditEntryOutput>>> {
  const asked = allOf([
    textIs('r.entity', query.text('entity')),
    operationFilter(query),
    recordFilter(query),
    idFilter(query, 'user', 'r.user_id'),
    momentInRange('r.at', readMomentRange(query, time, { from: 'from', to: 'to' })),
  ]);
  return await entries.listFirst(transaction, page, asked, sql`r.at DESC, r.id DESC`);
}

type Condition = Sql<boolean> | undefined;

function textIs(column: string, text: string | undefined): Condition {
  return text === undefined ? undefined : sql`${sql.ref(column)} = ${text}`;
}

/** Literal conditions instead of a parameter: the indexes of the rare ones serve only statements that name them. */
const OPERATION_IS: Readonly<Record<Operation, Sql<boolean>>> = {
  create: sql`r.operation = 'create'`,
  change: sql`r.operation = 'change'`,
  delete: sql`r.operation = 'delete'`,
  read: sql`r.operation = 'read'`,
};

function operationFilter(query: QueryParameters): Condition {
  const given = query.text('operation');
  if (given === undefined) return undefined;
  const known = OPERATIONS.find((operation) => operation === given);
  return known === undefined ? sql`false` : OPERATION_IS[known];
}

/**
 * Returns the condition for entries about one record, reads of several included. Their own indexes find them, not the
 * time.
 */
function recordFilter(query: QueryParameters): Condition {
  const id = query.integer('record_id');
  if (id === undefined) return undefined;
  if (!isId(id)) return sql`false`;
  return sql`r.id = ANY (ARRAY(
    SELECT e.id FROM audit_entry e WHERE e.record_id = ${id}::bigint
    UNION ALL
    SELECT e.id FROM audit_entry e WHERE e.record_ids @> ARRAY[${id}::bigint]))`;
}
