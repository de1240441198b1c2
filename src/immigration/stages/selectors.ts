import { allOf } from '../../database/conditions.js';
import { type Sql, sql } from '../../database/sql.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import type { QueryParameters } from '../../http/fields/query-parameters.js';
import { lookup } from '../shared/columns.js';
import { idFilter } from '../shared/filters.js';
import { Records } from '../shared/records.js';
import { StageOutput } from './schemas.js';

export const stages = new Records({
  table: 'immigration_stage',
  output: StageOutput,
  columns: {
    application_type_title: lookup('application_type_id', 'immigration_applicationtype', 'title'),
    is_final_stage: sql<boolean>`
      NOT EXISTS (SELECT FROM immigration_stage l
                  WHERE l.application_type_id = r.application_type_id AND l.position > r.position)`,
  },
});

/** The condition that the type of a stage `r` exists: a stage is deleted with it. */
export const TYPE_THERE = sql<boolean>`
  EXISTS (SELECT FROM immigration_applicationtype t WHERE t.id = r.application_type_id AND t.deleted_at IS NULL)`;

function sorted(condition: Sql<boolean>): Sql<StageOutput> {
  return stages.select(sql`
    JOIN immigration_applicationtype k ON k.id = r.application_type_id
    WHERE ${condition} AND k.deleted_at IS NULL ORDER BY k.title, k.id, r.position`);
}

/** Returns the stages, by their type's title and their position; of one type on request. */
export function listStages(transaction: TenantTransaction, query: QueryParameters): Pending<StageOutput[]> {
  return transaction.send(sorted(allOf([idFilter(query, 'application_type_id')])));
}

/** Returns the stages of one type, in their order. */
export function stagesOfType(transaction: TenantTransaction, type: number): Pending<StageOutput[]> {
  return transaction.send(sorted(sql`r.application_type_id = ${type}`));
}

/** Returns one stage. @throws HttpError 404 */
export function readStage(transaction: TenantTransaction, id: number): Pending<StageOutput> {
  return stages.read(transaction, id, TYPE_THERE);
}
