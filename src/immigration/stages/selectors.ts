import { allOf } from '../../database/conditions.js';
import { type RawBuilder, sql } from '../../database/queries.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { notFound } from '../../http/errors.js';
import type { QueryParameters } from '../../http/fields/query-parameters.js';
import { idFilter } from '../shared/filters.js';
import { Records } from '../shared/records.js';
import type { StageOutput } from './schemas.js';

export const stages = new Records({
  table: 'immigration_stage',
  thing: 'Stage',
  softDelete: false,
  columns: sql<StageOutput>`
    r.id, r.application_type_id AS application_type,
    (SELECT title FROM immigration_applicationtype WHERE id = r.application_type_id) AS application_type_title,
    r.stage_name, r.position, r.description,
    NOT EXISTS (SELECT FROM immigration_stage l
                WHERE l.application_type_id = r.application_type_id AND l.position > r.position) AS is_final_stage,
    r.created_by_id AS created_by, r.created_at, r.updated_by_id AS updated_by, r.updated_at`,
});

/** That the type of a stage `r` is there: a stage is gone with it. */
export const TYPE_THERE = sql`
  EXISTS (SELECT FROM immigration_applicationtype t WHERE t.id = r.application_type_id AND t.deleted_at IS NULL)`;

function sorted(condition: RawBuilder<boolean>): RawBuilder<StageOutput> {
  return sql`
    ${stages.from()} JOIN immigration_applicationtype k ON k.id = r.application_type_id
    WHERE ${condition} AND k.deleted_at IS NULL ORDER BY k.title, k.id, r.position`;
}

/** The stages, by their type's title and their position; of one type where the request asks for it. */
export async function listStages(
  transaction: TenantTransaction,
  query: QueryParameters,
): Promise<StageOutput[]> {
  return await transaction.last(sorted(allOf([idFilter(query, 'application_type_id')])));
}

/** The stages of one type, in their order. */
export async function stagesOfType(transaction: TenantTransaction, type: number): Promise<StageOutput[]> {
  return await transaction.last(sorted(sql`r.application_type_id = ${type}`));
}

/** One stage. @throws HttpError 404 */
export async function readStage(transaction: TenantTransaction, id: number): Promise<StageOutput> {
  const [stage] = await transaction.last(
    sql<StageOutput>`${stages.from()} WHERE r.id = ${id} AND ${TYPE_THERE}`,
  );
  if (!stage) throw notFound('Stage');
  return stage;
}
